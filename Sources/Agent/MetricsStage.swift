import Configuration
import Export
import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel
import ResourceModel
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
  private let services: ServiceNames
  private let latencies: LatencyStage?
  private let host: Resource
  private let state: Mutex<State>
  private let thread = StageThread()

  private static let turnNanoseconds: UInt64 = 200_000_000

  /// - Parameters:
  ///   - configuration: what is collected, and how often.
  ///   - roots: where the kernel's files are.
  ///   - host: whom metrics are about that are about no service.
  ///   - services: says which service a process is of.
  ///   - latencies: measures latencies; nil if nobody does.
  ///   - agent: our own figures.
  init(
    _ configuration: MetricsConfiguration, roots: HostRoots, host: Resource,
    services: ServiceNames, latencies: LatencyStage?,
    agent: @escaping @Sendable () -> AgentFigures?
  ) {
    self.host = host
    let state = Mutex(State(interval: configuration.interval))
    var settings = MetricRegistry.Settings()
    settings.seriesLimit = configuration.seriesLimit
    self.services = services
    self.latencies = latencies
    let collector = ServiceCollector { services.name(of: $0, called: $1) }
    let addLatencies: (@Sendable (inout MetricBatch) -> Void)? = latencies.map { stage in
      { @Sendable batch in stage.add(to: &batch) }
    }
    registry = MetricRegistry(
      roots: roots, settings: settings, collectors: configuration.controlGroups ? .all : .host,
      without: configuration.disabledCollectors, textFiles: configuration.textFileDirectory,
      services: configuration.services ? collector : nil, agent: agent, latencies: addLatencies)
    self.state = state
  }

  /// The page that Prometheus reads.
  func page() -> [UInt8] { PrometheusText.encode(registry.collect().families) }

  /// How often metrics are collected from the next time on.
  func setInterval(_ interval: Duration) { state.withLock { $0.interval = interval } }

  /// Begins to collect on a thread of ours.
  ///
  /// - Parameters:
  ///   - isWanted: whether anybody takes metrics; nothing is collected while nobody does.
  ///   - tick: is called in each turn, some times a second while nothing is collected.
  ///   - export: is handed what was collected, and may block.
  /// - Returns: false if the system has no room for the thread.
  func start(
    while isWanted: @escaping @Sendable () -> Bool, tick: @escaping @Sendable () -> Void,
    export: @escaping @Sendable (MetricBatch, MetricResources) -> Void
  ) -> Bool {
    thread.start(name: "wick-metrics") { [self] in run(isWanted, tick, export) }
  }

  /// Begins no other collection.
  func askToStop() { state.withLock { $0.stops = true } }

  /// Waits for the collection that goes on, for so long at most.
  ///
  /// A file of the kernel that does not answer may hold it up; it is left alone then.
  func stop(within limit: Duration) {
    askToStop()
    thread.wait(limit)
  }

  /// Collects once, for `--once`.
  func collect(export: (MetricBatch, MetricResources) -> Void) {
    let batch = registry.collect()
    export(batch, MetricResources(host: host, named: services.resources))
    latencies?.forgetExemplars(upTo: batch.exemplarsUpTo)
  }

  private func run(
    _ isWanted: () -> Bool, _ tick: () -> Void, _ export: (MetricBatch, MetricResources) -> Void
  ) {
    // Hosts that start together must not all collect in the same second.
    var next = Clock.monotonic() &+ UInt64.random(in: 0..<Self.turnNanoseconds * 5)
    while true {
      let (stops, interval) = state.withLock { ($0.stops, $0.interval) }
      if stops { return }
      tick()
      let now = Clock.monotonic()
      if now >= next {
        if isWanted() { collect(export: export) }
        next = max(now, next &+ UInt64(max(0, interval / .nanoseconds(1))))
      }
      Clock.pause(nanoseconds: min(Self.turnNanoseconds, next &- min(next, Clock.monotonic())))
    }
  }
}
