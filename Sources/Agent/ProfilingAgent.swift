package import AgentLog
package import Configuration
package import LinuxHost
import AgentEndpoint
import Export
import Health
import HostMetrics
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
  }

  /// How a run ended.
  package struct Outcome {
    package let summary: RecordingSummary
    /// Whether everything was taken by all destinations: asked only of `once`.
    package let isAccepted: Bool
  }

  /// Reads the configuration anew.
  package typealias Reload = () throws(ConfigurationErrors) -> AgentConfiguration

  private var settings: Settings
  private let signals: SignalMask
  private let log: AgentLog
  private let logger: Logger
  private let features: FeatureTable
  private let wanted: Set<Feature>
  private let board: StatusBoard
  private let pipeline: ProfilePipeline
  private let resolver: IdentityResolver
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let shared: AgentShare
  private let metrics: MetricsStage?
  private var endpoint: AgentEndpoint?
  private let queue = WindowQueue()
  private let taps = TapDesk()
  private let manager = ServiceManager()
  private var watchdog: Watchdog?
  private var meter: CostMeter
  private var retrySampling: UInt64?
  private let began = Clock.monotonic()
  private let beganWall = Clock.wall()

  /// When sampling has failed, how long until it is tried again.
  private static let retryNanoseconds: UInt64 = 60_000_000_000
  /// How long servers may take for the last window.
  private static let farewell = Duration.seconds(3)
  /// How long a stage may take to come round where no service manager says so.
  private static let stageLimit = Duration.seconds(30)
  private static let onceLimit = Duration.seconds(60)

  /// Gets everything ready, so that whatever the operator has to put right fails before a sample is
  /// taken.
  ///
  /// `signals` must have been made before any other thread of the process.
  ///
  /// - Throws: `Failure`.
  package init(_ settings: Settings, signals: SignalMask, log: AgentLog) throws(Failure) {
    let configuration = settings.configuration
    self.settings = settings
    self.signals = signals
    self.log = log
    logger = log.logger("agent")
    let roots = settings.roots
    features = FeatureTable.probe(roots: roots, storage: [])
    let wanted = Feature.ofAgent(
      profiling: configuration.profiling.enabled, metrics: configuration.metrics.enabled,
      storage: false)
    self.wanted = wanted
    let machine = Machine(roots: roots)
    let limit = machine.maximumFrequency()
    guard configuration.profiling.frequency <= limit else {
      throw Failure(
        description: configuration.line(
          of: "profiling.frequency", in: settings.file,
          "\(configuration.profiling.frequency) is more than this kernel allows (use \(limit), or "
            + "raise kernel.perf_event_max_sample_rate)"))
    }
    board = StatusBoard(
      features: features, wanted: wanted, host: machine.host, roots: roots)
    resolver = IdentityResolver(roots: roots, rules: configuration.identity.serviceRules)
    pipeline = ProfilePipeline(
      folders: configuration.directories.map { ProfileFolder($0) }, resolver: resolver,
      roots: roots)
    meter = CostMeter(cpus: machine.onlineCPUs().count)
    let share = AgentShare()
    shared = share
    var host = HostIdentity.resource(roots: roots)
    for attribute in configuration.resourceAttributes {
      host[attribute.name] = .string(attribute.value)
    }
    pipeline.common = host
    pipeline.symbolizes = configuration.profiling.symbolize
    let board = board
    metrics =
      configuration.metrics.enabled
      ? MetricsStage(
        configuration.metrics, roots: roots, host: host, resolver: resolver,
        agent: { board.figures(share.exporter) }) : nil
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
    let stages = startStages()
    let ticking = Task { [shared] in
      while !Task.isCancelled {
        stages.pass(.exporter)
        _ = shared.exporter?.queue
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
    let isAccepted = end()
    ticking.cancel()
    signals.release()
    return Outcome(summary: summary, isAccepted: isAccepted && !shared.hasFailed)
  }
}

// The start.
extension ProfilingAgent {
  private func openExporter(_ destinations: [DestinationSettings]) throws(Failure) {
    guard !destinations.isEmpty else { return }
    var queue = settings.configuration.spool
    // A queue of its own, so that it can run beside the daemon.
    if settings.once { queue.directory += "-once" }
    do throws(Exporter.Failure) {
      shared.exporter = try Exporter(
        destinations, queue: queue, group: group, log: log.logger("export"))
    } catch {
      throw Failure(
        description: settings.configuration.line(
          of: error.key, in: settings.file, error.description))
    }
  }

  private func openEndpoint() throws(Failure) {
    let http = settings.configuration.http
    var endpoint = EndpointSettings()
    endpoint.host = http.enabled ? http.listen.host : nil
    endpoint.port = Int(http.listen.port)
    endpoint.tokenFile = http.tokenFile
    endpoint.socketPath = http.socket
    endpoint.hostNames = http.hostNames
    endpoint.limits.concurrentProfiles = http.maxConcurrentProfiles
    let (board, shared, taps, metrics) = (board, shared, taps, metrics)
    let roots = settings.roots
    let content = EndpointContent(
      status: { board.status(shared.exporter, stages: shared.stages) },
      metrics: { metrics?.page() ?? [] },
      profile: { request in
        guard let sampler = shared.sampler else {
          throw ProfileRefusal.unavailable(shared.sampling.cause ?? "profiling is off")
        }
        if let pid = request.pid, !Processes(roots: roots).exists(pid) {
          throw ProfileRefusal.noSuchProcess(pid)
        }
        return try await taps.profile(
          of: request.pid.map { [$0] } ?? [], for: .seconds(request.seconds), from: sampler)
      })
    do throws(EndpointError) {
      self.endpoint = try AgentEndpoint(endpoint, content, group: group)
    } catch {
      throw Failure(
        description: settings.configuration.line(
          of: error.setting, in: settings.file, "\(error.problem) (\(error.remedy))"))
    }
  }

  private func tellFeatures() {
    for missing in features.missing(of: wanted) {
      logger.warning(
        "feature does not work on this host",
        metadata: [
          "feature": "\(missing.feature.rawValue)", "cause": "\(missing.cause)",
          "loss": "\(missing.loss)", "remedy": "\(missing.remedy)",
        ])
    }
  }

  private func startStages() -> Watchdog {
    let samples = settings.configuration.profiling.enabled && canSample
    let (board, manager) = (board, manager)
    let interval = manager?.watchdogInterval ?? Self.stageLimit
    let watchdog = Watchdog(
      stages: samples ? [.sampler, .pipeline, .exporter] : [.pipeline, .exporter],
      interval: interval
    ) {
      board.change { $0.lastTickUnixNanoseconds = Clock.wall() }
      manager?.keepAlive()
    }
    self.watchdog = watchdog
    shared.watch(watchdog, limit: interval)
    if samples {
      startSampler()
    } else {
      let cause = Feature.ofSampling.lazy.compactMap { self.features.reason($0) }.first
      let status: SamplingStatus =
        settings.configuration.profiling.enabled
        ? .impossible(cause: cause.map { "\($0.cause) (\($0.remedy))" } ?? "it does not work here")
        : .off
      shared.sampling = status
      board.change { $0.sampling = status }
      becomeReady("no profiles")
    }
    if !settings.once {
      let version = Version.current
      metrics?.start { [shared] batch, resources in
        guard let exporter = shared.exporter else { return }
        let encoder = BatchEncoder(topics: exporter.topics, version: version)
        for batch in encoder.encode(batch, resources: resources, now: Clock.wall()) {
          exporter.append(batch)
        }
      }
    }
    return watchdog
  }

  private var canSample: Bool {
    Feature.ofSampling.allSatisfy { features.has($0) }
  }

  private func startSampler() {
    let configuration = settings.configuration
    var sampling = ContinuousSampler.Settings()
    sampling.sampler.frequency = configuration.profiling.frequency
    sampling.sampler.tableBytes = configuration.profiling.maxTableMemory
    if !configuration.profiling.copyStacks { sampling.sampler.copyBytesPerSecond = 0 }
    sampling.interval = configuration.profiling.window(of: "cpu")
    sampling.roots = settings.roots
    sampling.commandLine = settings.commandLine
    sampling.budget = configuration.budget.governor(of: configuration.profiling)
    let (queue, watchdog) = (queue, watchdog)
    let sampler = ContinuousSampler(sampling, tick: { watchdog?.pass(.sampler) }) {
      queue.append($0)
    }
    guard sampler.start() else {
      return self.sampling(failed: "no thread can be started (raise TasksMax)")
    }
    taps.open()
    shared.sampler = sampler
  }

  /// Says that we are up.
  private func becomeReady(_ status: String) {
    board.change { if $0.phase == .starting { $0.phase = .running } }
    manager?.ready(status: status)
  }
}

// What comes.
extension ProfilingAgent {
  /// True after a window.
  private func take(_ event: ContinuousSampler.Event) -> Bool {
    switch event {
    case .started(let event):
      let frequency = settings.configuration.profiling.frequency
      sampling(.running(event: event, hertz: frequency))
      logger.notice(
        "profiling", metadata: ["event": "\(event)", "frequency_hz": "\(frequency)"])
      becomeReady("profiling by \(event) at \(frequency) Hz")
    case .processes(let processes):
      for process in processes { pipeline.meet(process.pid, name: process.name) }
    case .window(let window):
      export(window)
      return true
    case .tap(let number, let window):
      guard taps.isWaiting(for: number) else { break }
      taps.finish(number, Result { try pipeline.encode(window) })
    case .frequency(let frequency, let state): tell(frequency, state)
    case .failed(let reason): sampling(failed: reason)
    case .stopped: break
    }
    return false
  }

  private func export(_ window: CollectedWindow) {
    let ledger = pipeline.export(window, to: shared.exporter)
    pipeline.add(overrun: queue.takeOverrun())
    let delivered = ledger.complete + ledger.partialTotal
    let facts = window.profile.facts
    let status = WindowStatus(
      endUnixNanoseconds: facts.startUnixNanoseconds &+ facts.durationNanoseconds,
      duration: .nanoseconds(Int64(clamping: facts.durationNanoseconds)), taken: ledger.taken,
      delivered: delivered,
      dropped: Dictionary(uniqueKeysWithValues: ledger.dropped.map { ($0.rawValue, $1) }),
      coverage: ledger.coverage)
    let (whole, windows) = (pipeline.ledger, pipeline.windows)
    let problems = pipeline.folders.compactMap { folder in folder.problem.map { (folder.path, $0) }
    }
    board.change { notes in
      notes.window = status
      notes.ledger = whole
      notes.windows = windows
      notes.folderProblems = Dictionary(problems) { first, _ in first }
    }
    for (path, problem) in problems {
      logger.warning(
        "profiles are not kept", metadata: ["directory": "\(path)", "cause": "\(problem)"])
      board.add(error: problem, of: "profiles")
    }
    if !problems.isEmpty || ledger.dropped[.notStored] ?? 0 > 0 { shared.hasFailed = true }
  }

  private func tell(_ frequency: Int, _ state: Governor.State) {
    logger.notice(
      "sampling frequency changed",
      metadata: ["frequency_hz": "\(frequency)", "state": "\(state.rawValue)"])
  }

  private func sampling(_ status: SamplingStatus) {
    shared.sampling = status
    board.change { $0.sampling = status }
  }

  /// Goes on without profiles, and tries again later if they were possible before.
  private func sampling(failed reason: String) {
    let before = shared.sampling
    if case .running = before {
      sampling(.dead(cause: reason))
    } else {
      sampling(.impossible(cause: reason))
    }
    shared.sampler?.stop()
    shared.sampler = nil
    taps.close()
    logger.error("profiling has ended", metadata: ["cause": "\(reason)"])
    board.add(error: reason, of: "sampling")
    retrySampling = Clock.monotonic() &+ Self.retryNanoseconds
    becomeReady("no profiles: \(reason)")
  }

  /// Looks after costs, and after a sampler that has ended.
  private func look() {
    let now = Clock.monotonic()
    if let time = retrySampling, now >= time, shared.sampler == nil {
      retrySampling = nil
      startSampler()
    }
    let figures = shared.sampler?.figures
    let isMeasured = meter.look(at: now, kernelSeconds: figures?.bpfSeconds)
    let budget = settings.configuration.budget
    var cost = CostStatus()
    cost.cpuRatio = meter.processShare
    cost.kernelCPURatio = meter.kernelShare
    let maps = figures?.mapBytes ?? 0
    // Pages of maps that are in our address space count once.
    cost.residentBytes = meter.memory.map { $0.residentBytes - min($0.mapBytes, $0.residentBytes) }
    cost.mapBytes = maps
    cost.cpuBudget = budget.cpuPercent / 100
    cost.memoryBudget = UInt64(budget.memory)
    cost.governor = budget.governor ? governor(figures) : .off
    if case .running(let event, _) = shared.sampling, let hertz = figures?.frequency, hertz > 0 {
      shared.sampling = .running(event: event, hertz: hertz)
    }
    let sampling = shared.sampling
    board.change { notes in
      notes.cost = cost
      notes.sampling = sampling
      notes.hertz = figures?.frequency ?? 0
      notes.bpfSeconds = figures?.bpfSeconds
      notes.mapBytes = maps
    }
    guard isMeasured, let resident = cost.residentBytes, budget.governor,
      resident + maps > UInt64(budget.memory)
    else { return }
    pipeline.relieve()
    logger.warning(
      "memory is above the budget",
      metadata: [
        "bytes": "\(resident + maps)", "budget_bytes": "\(budget.memory)",
        "remedy": "raise budget.memory, or lower profiling.max_table_memory",
      ])
  }

  private func governor(_ figures: SamplerFigures?) -> CostStatus.Governor {
    guard let figures else { return .resting }
    return switch figures.governor {
    case .normal: .resting
    case .lowered: .slowed(cause: "the CPU budget")
    case .exceeded: .slowed(cause: "the CPU budget, which is exceeded all the same")
    case .burst: .burst(cause: "tasks wait for a CPU")
    }
  }
}

// A new configuration.
extension ProfilingAgent {
  private func apply(_ reload: Reload) {
    manager?.reloading()
    defer { manager?.ready(status: "configuration read") }
    let configuration: AgentConfiguration
    do throws(ConfigurationErrors) {
      configuration = try reload()
    } catch {
      for line in error.lines {
        logger.error("the new configuration is not used", metadata: ["problem": "\(line)"])
      }
      board.add(error: error.lines.first ?? "it cannot be read", of: "configuration")
      return
    }
    let changes = ConfigurationReload(from: settings.configuration, to: configuration)
    if changes.concerns("destinations") {
      do throws(Exporter.Failure) {
        try setDestinations(configuration)
      } catch {
        logger.error("the new configuration is not used", metadata: ["problem": "\(error)"])
        board.add(error: error.description, of: "configuration")
        return
      }
    }
    settings.configuration = configuration
    log.settings = configuration.log.settings
    resolver.setRules(configuration.identity.serviceRules)
    metrics?.setInterval(configuration.metrics.interval)
    shared.sampler?.setBudget(configuration.budget.governor(of: configuration.profiling))
    for change in changes.applied {
      logger.notice("configuration changed", metadata: ["change": "\(change)"])
    }
    for change in changes.pending {
      logger.warning("configuration needs a restart", metadata: ["change": "\(change)"])
    }
    if changes.changes.isEmpty { logger.info("configuration is as before") }
  }

  private func setDestinations(_ configuration: AgentConfiguration) throws(Exporter.Failure) {
    if let exporter = shared.exporter {
      try exporter.setDestinations(configuration.destinations)
    } else if !configuration.destinations.isEmpty {
      shared.exporter = try Exporter(
        configuration.destinations, queue: configuration.spool, group: group,
        log: log.logger("export"))
    }
  }
}

// The end.
extension ProfilingAgent {
  /// Exports what is open and ends all threads; true if all servers have taken everything.
  private func end() -> Bool {
    manager?.stopping()
    board.change { $0.phase = .stopping }
    let figures = shared.sampler?.figures
    shared.lastFigures = figures
    shared.sampler?.stop()
    taps.close()
    while let event = queue.next() {
      // With `once`, the one window is all that was asked for.
      if settings.once, case .window(let window) = event, pipeline.windows > 0 {
        discard(window)
      } else {
        _ = take(event)
      }
    }
    if settings.once, let exporter = shared.exporter {
      let encoder = BatchEncoder(topics: exporter.topics, version: Version.current)
      metrics?.collect { batch, resources in
        for batch in encoder.encode(batch, resources: resources, now: Clock.wall()) {
          exporter.append(batch)
        }
      }
    }
    metrics?.stop()
    endpoint?.stop()
    let limit = settings.once ? Self.onceLimit : Self.farewell
    let exporter = shared.exporter
    let isAccepted = Waiting.wait { await exporter?.stop(within: limit) ?? true } ?? false
    try? group.syncShutdownGracefully()
    return isAccepted && (pipeline.windows > 0 || shared.sampling == .off)
  }

  /// The samples of a window that nobody asked for do not count.
  private func discard(_: CollectedWindow) {}

  private var summary: RecordingSummary {
    var profile = Profile(sampleType: .cpu, period: 0)
    profile.ledger = pipeline.ledger
    profile.facts.event = "cpu"
    profile.facts.frequency = settings.configuration.profiling.frequency
    profile.facts.startUnixNanoseconds = beganWall
    profile.facts.durationNanoseconds = Clock.monotonic() &- began
    let use = ResourceUse.now()
    let figures = shared.lastFigures ?? SamplerFigures()
    let cost = RecordingCost(
      cpuSeconds: use.cpuSeconds, bpfSeconds: figures.bpfSeconds,
      peakResidentBytes: use.peakResidentBytes, tables: figures.tables.map { ($0.key, $0.value) })
    return RecordingSummary(profile, cost: cost)
  }
}

extension SamplingStatus {
  /// Whether a window can still be expected.
  fileprivate var isPossible: Bool {
    switch self {
    case .starting, .running: true
    case .off, .impossible, .dead: false
    }
  }
}
