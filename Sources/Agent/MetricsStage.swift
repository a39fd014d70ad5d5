import Configuration
import Export
import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel
import ResourceModel
import ServiceIdentity
import Synchronization

/// Collects metrics at an interval for the servers that want them, and when a page is asked for.
final class MetricsStage: Sendable {
  private struct State {
    var interval: Duration
    var stops = false
    /// Services by the name that their series have.
    var services: [String: Resource] = [:]
  }

  private let registry: MetricRegistry
  private let host: Resource
  private let state: Mutex<State>
  private let thread = Mutex<WorkerThread?>(nil)

  private static let turnNanoseconds: UInt64 = 200_000_000
  private static let serviceLimit = 1_000

  /// - Parameters:
  ///   - configuration: what is collected, and how often.
  ///   - roots: where the kernel's files are.
  ///   - host: whom metrics are about that are about no service.
  ///   - resolver: says which service a process is of.
  ///   - agent: our own figures.
  init(
    _ configuration: MetricsConfiguration, roots: HostRoots, host: Resource,
    resolver: IdentityResolver, agent: @escaping @Sendable () -> AgentFigures?
  ) {
    self.host = host
    let state = Mutex(State(interval: configuration.interval))
    var settings = MetricRegistry.Settings()
    settings.seriesLimit = configuration.seriesLimit
    let known = KnownServices(limit: Self.serviceLimit)
    let services = ServiceCollector { pid, name in
      let identity = resolver.identity(of: pid, name: name)
      known.add(identity)
      return identity.serviceName
    }
    self.known = known
    registry = MetricRegistry(
      roots: roots, settings: settings, collectors: configuration.controlGroups ? .all : .host,
      without: configuration.disabledCollectors,
      services: configuration.services ? services : nil, agent: agent)
    self.state = state
  }

  private let known: KnownServices

  /// The page that Prometheus reads.
  func page() -> [UInt8] { PrometheusText.encode(registry.collect().families) }

  /// How often metrics are collected from the next time on.
  func setInterval(_ interval: Duration) { state.withLock { $0.interval = interval } }

  /// Begins to collect; `export` is handed batches on a thread of ours, and may block.
  func start(export: @escaping @Sendable (MetricBatch, MetricResources) -> Void) {
    thread.withLock { thread in
      thread = WorkerThread(name: "wick-metrics", niceness: 0) { [self] in run(export) }
    }
  }

  func stop() {
    state.withLock { $0.stops = true }
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  /// Collects once, for `--once`.
  func collect(export: (MetricBatch, MetricResources) -> Void) {
    let batch = registry.collect()
    export(batch, MetricResources(host: host, named: known.resources))
  }

  private func run(_ export: (MetricBatch, MetricResources) -> Void) {
    // Hosts that start together must not all collect in the same second.
    var next = Clock.monotonic() &+ UInt64.random(in: 0..<Self.turnNanoseconds * 5)
    while true {
      let (stops, interval) = state.withLock { ($0.stops, $0.interval) }
      if stops { return }
      let now = Clock.monotonic()
      if now >= next {
        collect(export: export)
        next = max(now, next &+ UInt64(max(0, interval / .nanoseconds(1))))
      }
      Clock.pause(nanoseconds: min(Self.turnNanoseconds, next &- min(next, Clock.monotonic())))
    }
  }
}

/// Services that were met, for the resources of their metrics.
private final class KnownServices: Sendable {
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
