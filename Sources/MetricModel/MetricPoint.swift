/// The value of one series.
package struct MetricPoint: Hashable, Sendable {
  package struct Label: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  package let labels: [Label]
  package let value: Double

  package init(_ value: Double, labels: KeyValuePairs<String, String> = [:]) {
    self.value = value
    self.labels = labels.map { Label(name: $0.key, value: $0.value) }
  }
}
