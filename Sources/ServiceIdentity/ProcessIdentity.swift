package import ResourceModel

/// Who a process is.
package struct ProcessIdentity: Hashable, Sendable {
  /// What all processes of the service have in common: `service.*`, `container.id`, `k8s.*`.
  package var service: Resource
  /// What this process has alone: `process.*` and `service.instance.id`.
  package var process: Resource
  /// A rule says that nothing is to be exported about it.
  package var isDropped = false

  package init(service: Resource, process: Resource) {
    self.service = service
    self.process = process
  }

  package var serviceName: String { service["service.name"]?.description ?? Self.unknownService }

  /// - Source: OpenTelemetry specification, Resource SDK.
  static let unknownService = "unknown_service"

  /// An attribute of either; setting nil removes it.
  package subscript(key: String) -> AttributeValue? {
    get { Self.isOfProcess(key) ? process[key] : service[key] }
    set {
      if Self.isOfProcess(key) { process[key] = newValue } else { service[key] = newValue }
    }
  }

  /// Whether an attribute tells the processes of a service apart.
  static func isOfProcess(_ key: String) -> Bool {
    key.hasPrefix("process.") || key.hasPrefix("thread.") || key == "service.instance.id"
  }
}
