import ResourceModel
import ServiceIdentity
import Synchronization

/// Services that were met, for the resources of their metrics.
final class KnownServices: Sendable {
  private let limit: Int
  private let services = Mutex<[String: Resource]>([:])

  init(limit: Int) { self.limit = limit }

  var resources: [String: Resource] { services.withLock(\.self) }

  func add(_ identity: ProcessIdentity) {
    services.withLock { services in
      guard services[identity.serviceName] == nil, services.count < limit else { return }
      services[identity.serviceName] = identity.service
    }
  }
}
