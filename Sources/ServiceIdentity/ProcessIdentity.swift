package import ResourceModel

/// Who a process is.
package struct ProcessIdentity: Hashable, Sendable {
  /// What all processes of the service have in common: `service.*`, `container.id`, `k8s.*`.
  package var service: Resource
  /// `process.*`.
  package var process: Resource

  package init(service: Resource, process: Resource) {
    self.service = service
    self.process = process
  }

  package var serviceName: String { service["service.name"]?.description ?? "unknown_service" }
}
