import Health
import HostMetrics
import Latency
import LinuxHost
import ProfileModel
import Sampling
import Synchronization

/// Where the parts of the agent say how they are, for whoever asks.
final class StatusBoard: Sendable {
  struct Notes: Sendable {
    var phase = AgentPhase.starting
    var sampling = SamplingStatus.starting
    var window: WindowStatus?
    var cost = CostStatus()
    var errors = RecentErrors()
    /// By event.
    var ledgers: [String: Ledger] = [:]
    var windows: UInt64 = 0
    /// Of folders for profiles that cannot be used, by their path.
    var folderProblems: [String: String] = [:]
    var lastTickUnixNanoseconds: UInt64 = 0
    var hertz = 0
    var bpfSeconds: Double?
    var mapBytes: UInt64 = 0
    /// What rests because of its cost, in sentences.
    var pauses: [Feature: String] = [:]
    /// How long that was so in all, in seconds.
    var pausedSeconds: [Feature: Double] = [:]
    /// What of `profiling.events` the kernel refuses, in sentences.
    var refused: [String] = []
    var latency = LatencyFigures()
  }

  private let notes = Mutex(Notes())
  private let features: FeatureTable
  private let wanted: [Feature]
  private let host: String
  private let began = Clock.monotonic()
  private let beganWall = Clock.wall()
  private let roots: HostRoots

  /// Tells of the features in `wanted`, which the configuration asks for.
  init(features: FeatureTable, wanted: Set<Feature>, host: String, roots: HostRoots) {
    self.features = features
    self.wanted = Feature.allCases.filter { wanted.contains($0) && !$0.isExtra }
    self.host = host
    self.roots = roots
  }

  func change(_ body: (inout Notes) -> Void) { notes.withLock { body(&$0) } }

  func add(error message: String, of subject: String) {
    let error = RecentError(subject: subject, message: message, unixNanoseconds: Clock.wall())
    notes.withLock { $0.errors.append(error) }
  }

  /// - Parameters:
  ///   - exporter: nil without servers.
  ///   - stages: how long ago a tick came through each.
  /// - Returns: all that the agent tells about itself.
  func status(_ exporter: Exporter?, stages: [StageStatus]) -> AgentStatus {
    let notes = notes.withLock(\.self)
    var status = AgentStatus(
      version: Version.current, build: Version.build, host: host,
      pid: UInt32(clamping: Processes.own), startedUnixNanoseconds: beganWall,
      nowUnixNanoseconds: Clock.wall())
    status.uptime = .nanoseconds(Int64(clamping: Clock.monotonic() &- began))
    status.phase = notes.phase
    status.sampling = notes.sampling
    status.stages = stages
    status.features = featureStatus(notes)
    status.destinations = exporter?.destinations.map(\.status) ?? []
    status.spool = exporter?.queue.status
    status.window = notes.window
    status.cost = notes.cost
    status.errors = notes.errors
    return status
  }

  private func featureStatus(_ notes: Notes) -> [FeatureStatus] {
    let latencies = Self.latencies(notes.latency)
    let kernel = wanted.map { feature in
      let missing = features.reason(feature)
      if missing == nil, let told = latencies[feature] { return told }
      return FeatureStatus(
        name: feature.rawValue, state: missing == nil ? .working : .missing,
        cause: missing?.cause, loss: missing?.loss, remedy: missing?.remedy)
    }
    let folders = notes.folderProblems.sorted { $0.key < $1.key }.map { path, problem in
      FeatureStatus(
        name: "profiles in \(path)", state: .missing, cause: problem,
        loss: "profiles are not kept there",
        remedy: "give wick a directory of its own with room in it")
    }
    let pauses = notes.pauses.sorted { $0.key.rawValue < $1.key.rawValue }.map { _, pause in
      FeatureStatus(
        name: "profiling", state: .working, cause: pause,
        loss: "there are no such profiles meanwhile (wick_profile_paused_seconds_total)",
        remedy: "raise budget.cpu_percent, or take the event out of profiling.events")
    }
    let refused = notes.refused.map { cause in
      FeatureStatus(
        name: "profiling", state: .missing, cause: cause, loss: "there are no such profiles",
        remedy: "see wick doctor, or take the event out of profiling.events")
    }
    return kernel + folders + pauses + refused
  }

  /// What there is to say of latencies that are measured, or that the kernel refuses.
  private static func latencies(_ figures: LatencyFigures) -> [Feature: FeatureStatus] {
    var told: [Feature: FeatureStatus] = [:]
    for (kind, cause) in figures.limitations {
      told[kind.feature] = FeatureStatus(
        name: kind.feature.rawValue, state: .working, cause: cause,
        loss: "there are no such figures", remedy: "use a newer kernel")
    }
    for (kind, cause) in figures.pauses {
      told[kind.feature] = FeatureStatus(
        name: kind.feature.rawValue, state: .working, cause: cause,
        loss: "nothing is counted meanwhile (wick_latency_paused_seconds_total)",
        remedy: "raise budget.cpu_percent, or take \(kind.rawValue) out of latency.kinds")
    }
    for (kind, problem) in figures.refused {
      told[kind.feature] = FeatureStatus(
        name: kind.feature.rawValue, state: .missing, cause: problem.cause,
        loss: kind.feature.loss, remedy: problem.remedy)
    }
    return told
  }

  /// Our own metrics.
  func figures(_ exporter: Exporter?) -> AgentFigures {
    let notes = notes.withLock(\.self)
    var figures = AgentFigures()
    figures.version = Version.current
    figures.commit = Version.build
    figures.startUnixNanoseconds = beganWall
    figures.lastTickUnixNanoseconds = notes.lastTickUnixNanoseconds
    figures.cost = AgentCost.now(roots)
    figures.cost.bpfSeconds = notes.bpfSeconds
    figures.cost.bpfMapBytes = notes.mapBytes
    figures.cost.pausedSeconds = notes.pausedSeconds.map { ($0.key.rawValue, $0.value) }
      .sorted { $0.0 < $1.0 }
    figures.cost.budgetRatio = notes.cost.cpuBudget
    figures.cost.usedRatio = notes.cost.cpuRatio.map { $0 + (notes.cost.kernelCPURatio ?? 0) }
    figures.windows = notes.windows
    figures.lastWindowUnixNanoseconds = notes.window?.endUnixNanoseconds ?? 0
    figures.events = notes.ledgers.keys.sorted().map { event($0, notes) }
    if figures.events.isEmpty { figures.events = [event("cpu", notes)] }
    figures.destinations = exporter?.destinations.map(\.figures) ?? []
    if let queue = exporter?.queue { figures.queue = queue.metrics }
    let refused = Set(notes.latency.refused.keys.map(\.feature))
    figures.features = wanted.map { ($0.rawValue, features.has($0) && !refused.contains($0)) }
    return figures
  }

  private func event(_ name: String, _ notes: Notes) -> EventFigures {
    var event = EventFigures(name: name)
    let ledger = notes.ledgers[name] ?? Ledger()
    event.taken = ledger.taken
    event.complete = ledger.complete
    for (reason, count) in ledger.partial { event.partial[reason.rawValue] = count }
    for (reason, count) in ledger.dropped { event.dropped[reason.rawValue] = count }
    if SampleEvent(rawValue: name)?.needsClock ?? false { event.hertz = Double(notes.hertz) }
    return event
  }
}
