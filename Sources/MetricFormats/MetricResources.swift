package import ResourceModel

/// Whom metrics are about.
package struct MetricResources: Sendable {
  /// Everything that has no other resource.
  package var host: Resource
  /// The label whose value says that a series is about another resource.
  package var label: String
  /// Those resources, by the value of the label, which their series do not carry in OTLP.
  package var named: [String: Resource]

  package init(host: Resource, label: String = "service", named: [String: Resource] = [:]) {
    self.host = host
    self.label = label
    self.named = named
  }
}
