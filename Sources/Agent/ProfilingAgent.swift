package import AgentLog
package import Configuration
package import LinuxHost
import AgentEndpoint
import Export
import Health
import HostMetrics
import Latency
import Logging
import NIOCore
import NIOPosix
import ProfileModel
import ResourceModel
import Sampling
import ServiceIdentity
import Synchronization

/// The daemon: profiles a host and collects its metrics for as long as it runs, and sends both.
package final class ProfilingAgent {
  package struct Settings: Sendable {
    package var configuration = AgentConfiguration()
    /// Where the configuration is from, for messages.
    package var file = AgentConfiguration.defaultFile
    /// Export one window and end.
    package var once = false
    package var commandLine = ""
    package var roots = HostRoots()

    package init() {}
  }

  /// Why it cannot start: one line with what to do.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    /// Whether it may go away by itself: a port that another program has, a queue that another agent
    /// still holds.
    package var mayPass = false
  }

  /// How a run ended.
  package struct Outcome {
    package let summary: RecordingSummary
    /// Whether everything was taken by all destinations: asked only of `once`.
    package let isAccepted: Bool
  }

  /// Reads the configuration anew.
  package typealias Reload = () throws(ConfigurationErrors) -> AgentConfiguration

  var settings: Settings
  let signals: SignalMask
  let log: AgentLog
  let logger: Logger
  let features: FeatureTable
  let wanted: Set<Feature>
  let board: StatusBoard
  let pipeline: ProfilePipeline
  let resolver: IdentityResolver
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let shared: AgentShare
  let metrics: MetricsStage?
  /// Nil where no latencies are measured.
  let latencies: LatencyStage?
  var endpoint: AgentEndpoint?
  let queue = WindowQueue()
  let taps = TapDesk()
  let allocations: AllocationDesk
  let manager = ServiceManager()
  var watchdog: Watchdog?
  var meter: CostMeter
  var retrySampling: UInt64?
  /// Why profiles are not kept in some folders, as the log says.
  var folderProblems: [String: String] = [:]
  /// What latencies the kernel refuses, as the log says.
  var refusedLatencies: Set<LatencyKind> = []
  /// Why the queue is in memory alone, as the log says.
  var queueProblem: String?
  let began = Clock.monotonic()
  let beganWall = Clock.wall()

  /// When sampling has failed, how long until it is tried again.
  static let retryNanoseconds: UInt64 = 60_000_000_000
  /// How long a stage may take to come round where no service manager says so.
  static let stageLimit = Duration.seconds(30)
  static let onceLimit = Duration.seconds(60)

  /// Gets everything ready, so that whatever the operator has to put right fails before a sample is
  /// taken.
  ///
  /// `signals` must have been made before any other thread of the process.
  ///
  /// - Throws: `Failure`.
  package init(_ settings: Settings, signals: SignalMask, log: AgentLog) throws(Failure) {
    let configuration = settings.configuration
    Heap.shareAmongThreads()
    self.settings = settings
    self.signals = signals
    self.log = log
    logger = log.logger("agent")
    let roots = settings.roots
    features = FeatureTable.probe(roots: roots, storage: configuration.storage)
    let wanted = configuration.wantedFeatures
    self.wanted = wanted
    let machine = Machine(roots: roots)
    if let problem = Self.frequencyProblem(configuration, machine, file: settings.file) {
      throw Failure(description: problem)
    }
    board = StatusBoard(
      features: features, wanted: wanted, host: machine.host, roots: roots)
    resolver = IdentityResolver(roots: roots, rules: configuration.identity.serviceRules)
    pipeline = ProfilePipeline(
      folders: configuration.directories.map { ProfileFolder($0) }, resolver: resolver,
      roots: roots)
    meter = CostMeter(cpus: machine.onlineCPUs().count)
    var allocations = AllocationDesk.Settings(roots: roots, features: features)
    allocations.commandLine = settings.commandLine
    allocations.tableBytes = configuration.profiling.maxTableMemory
    allocations.copiesStacks = configuration.profiling.copyStacks
    self.allocations = AllocationDesk(allocations, logger: logger)
    let share = AgentShare()
    shared = share
    var host = HostIdentity.resource(roots: roots)
    for attribute in configuration.resourceAttributes {
      host[attribute.name] = .string(attribute.value)
    }
    pipeline.common = host
    pipeline.symbolizes = configuration.profiling.symbolize
    let board = board
    let services = ServiceNames(resolver)
    var latency = Self.latencySettings(configuration, cpus: machine.onlineCPUs().count)
    // What cannot work is told already, and why.
    latency.kinds.removeAll { [features] kind in features.reason(kind.feature) != nil }
    let latencies = latency.kinds.isEmpty ? nil : LatencyStage(latency, services: services)
    self.latencies = latencies
    metrics =
      configuration.metrics.enabled
      ? MetricsStage(
        configuration.metrics, roots: roots, host: host, services: services,
        latencies: latencies, agent: { board.figures(share.exporter) }) : nil
    ResourceLimits.raiseOpenFiles()
    try openExporter(configuration.destinations)
    if !settings.once { try openEndpoint() }
  }

  /// Runs until a signal asks it to end, or after the first window if that is all.
  ///
  /// The windows that are open then are still exported.
  ///
  /// - Parameter reload: reads the configuration anew when a signal asks for it.
  /// - Returns: how it ended.
  package func run(reload: @escaping Reload) -> Outcome {
    tellFeatures()
    examine(settings.configuration)
    let stages = startStages()
    let ticking = Task { [shared, group] in
      while !Task.isCancelled {
        // Through the thread itself: what hangs there holds up every request and its time limit.
        try? await group.next().submit { stages.pass(.network) }.get()
        if shared.exporter?.goesOn ?? true { stages.pass(.exporter) }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
    var isOver = false
    while !isOver {
      if let signal = signals.pending() {
        guard signal == SignalMask.reload, !settings.once else { break }
        apply(reload)
      }
      if let event = queue.next() { isOver = take(event) && settings.once }
      if settings.once, !shared.sampling.isPossible { isOver = true }
      // A sampler that is not there cannot hang.
      if shared.sampler == nil { stages.pass(.sampler) }
      stages.pass(.pipeline)
      look()
    }
    // Before the event loop ends, which refuses what is asked of it then, and says so.
    ticking.cancel()
    let isAccepted = end()
    signals.release()
    return Outcome(summary: summary, isAccepted: isAccepted && !shared.hasFailed)
  }
}
