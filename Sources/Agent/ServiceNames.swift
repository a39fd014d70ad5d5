import HostMetrics
import LinuxHost
import ResourceModel
import ServiceIdentity

/// What services are called in metrics, and whose their resources are.
final class ServiceNames: Sendable {
  private let resolver: IdentityResolver
  private let known = KnownServices(limit: limit)

  private static let limit = 1_000

  init(_ resolver: IdentityResolver) { self.resolver = resolver }

  /// By their names.
  var resources: [String: Resource] { known.resources }

  /// The service of a process; nil if a rule says that nothing is to be told about it.
  func name(of pid: UInt32, called name: String) -> String? {
    let identity = resolver.identity(of: pid, name: name)
    guard !identity.isDropped else { return nil }
    known.add(identity)
    return identity.serviceName
  }
}
