import AgentLog
import Configuration
import AgentEndpoint
import Export
import Health
import LinuxHost
import Logging
import MetricFormats
import Sampling

// The start.
extension ProfilingAgent {
  func openExporter(_ destinations: [DestinationSettings]) throws(Failure) {
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
          of: error.key, in: settings.file, error.description),
        mayPass: error.key == "spool.directory")
    }
  }

  func openEndpoint() throws(Failure) {
    let http = settings.configuration.http
    var endpoint = EndpointSettings()
    endpoint.host = http.enabled ? http.listen.host : nil
    endpoint.port = Int(http.listen.port)
    endpoint.tokenFile = http.tokenFile
    endpoint.socketPath = http.socket
    endpoint.hostNames = http.hostNames
    endpoint.limits.concurrentProfiles = http.maxConcurrentProfiles
    let (board, shared, taps, metrics) = (board, shared, taps, metrics)
    let (roots, allocations) = (settings.roots, allocations)
    let isProfiling = settings.configuration.profiling.enabled
    let content = EndpointContent(
      status: { board.status(shared.exporter, stages: shared.stages) },
      metrics: { metrics?.page() ?? [] },
      profile: { request in
        guard isProfiling else { throw ProfileRefusal.unavailable("profiling is off") }
        if let pid = request.pid, !Processes(roots: roots).exists(pid) {
          throw ProfileRefusal.noSuchProcess(pid)
        }
        let duration = Duration.seconds(request.seconds)
        let event: SampleEvent
        switch request.kind {
        case .cpu: event = .cpu
        case .offCPU: event = .offCPU
        case .allocations:
          guard http.allocationProfiles else {
            throw ProfileRefusal.unavailable(
              "profiles of allocations are off (http.allocation_profiles)")
          }
          // The endpoint's own threads are for that.
          return try allocations.profile(
            of: request.pid ?? 0, for: duration, live: request.isLive)
        }
        guard let sampler = shared.sampler else {
          throw ProfileRefusal.unavailable(shared.sampling.cause ?? "profiling is off")
        }
        guard sampler.takes(event) else {
          throw ProfileRefusal.unavailable(
            "\(event.rawValue) is not profiled (add it to profiling.events)")
        }
        if event == .offCPU, let pause = sampler.figures.pauses[.waits] {
          throw ProfileRefusal.unavailable(pause)
        }
        return try await taps.profile(
          of: request.pid.map { [$0] } ?? [], for: duration, event: event, from: sampler)
      })
    do throws(EndpointError) {
      self.endpoint = try AgentEndpoint(endpoint, content, group: group)
    } catch {
      throw Failure(
        description: settings.configuration.line(
          of: error.setting, in: settings.file, "\(error.problem) (\(error.remedy))"),
        mayPass: true)
    }
  }

  /// Says in the log and in the status what of a configuration does not work on this host, a line each:
  /// the agent does what is left.
  func examine(_ configuration: AgentConfiguration) {
    var probes = ConfigurationCheck.Probes.ofHost
    // What listens there is we.
    probes.isRunning = { _ in true }
    let check = ConfigurationCheck(configuration, file: settings.file, probes: probes)
    for problem in check.problems {
      logger.warning(
        "a part of the configuration does not work on this host",
        metadata: ["problem": "\(problem)"])
      board.add(error: "\(problem)", of: "configuration")
    }
  }

  func tellFeatures() {
    for missing in features.missing(of: wanted) {
      logger.warning(
        "feature does not work on this host",
        metadata: [
          "feature": "\(missing.feature.rawValue)", "cause": "\(missing.cause)",
          "loss": "\(missing.loss)", "remedy": "\(missing.remedy)",
        ])
    }
  }

  func startStages() -> Watchdog {
    let samples = settings.configuration.profiling.enabled && canSample
    let (board, manager) = (board, manager)
    let interval = manager?.watchdogInterval ?? Self.stageLimit
    let watchdog = Watchdog(
      stages: Watchdog.Stage.allCases.filter { stage in
        switch stage {
        case .sampler: samples
        case .metrics: metrics != nil && !settings.once
        case .latency: latencies != nil
        case .pipeline, .network, .exporter: true
        }
      },
      interval: interval
    ) {
      board.change { $0.lastTickUnixNanoseconds = Clock.wall() }
      manager?.keepAlive()
    }
    self.watchdog = watchdog
    shared.watch(watchdog, limit: interval)
    if let latencies, !latencies.start(tick: { watchdog.pass(.latency) }) {
      leaveOut(.latency, "latencies are not measured")
    }
    if samples {
      startSampler()
    } else {
      latencies?.measure(loan: nil)
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
      let shared = shared
      let hasStarted = metrics?.start(
        while: { shared.exporter?.topics.contains(.otlpMetrics) ?? false },
        tick: { watchdog.pass(.metrics) }
      ) {
        shared.exporter?.append($0, about: $1)
      }
      if hasStarted == false { leaveOut(.metrics, "metrics are not sent") }
    }
    return watchdog
  }

  /// Goes on without a stage that has no thread.
  private func leaveOut(_ stage: Watchdog.Stage, _ loss: Logger.Message) {
    let problem = "no thread can be started (raise TasksMax)"
    watchdog?.leaveOut(stage)
    logger.error(loss, metadata: ["problem": "\(problem)"])
    board.add(error: problem, of: stage.rawValue)
  }

  var canSample: Bool {
    Feature.ofSampling.allSatisfy { features.has($0) }
  }

  func startSampler() {
    let configuration = settings.configuration
    var sampling = ContinuousSampler.Settings()
    sampling.sampler.frequency = configuration.profiling.frequency
    sampling.sampler.tableBytes = configuration.profiling.maxTableMemory
    if !configuration.profiling.copyStacks { sampling.sampler.copyBytesPerSecond = 0 }
    let profiling = configuration.profiling
    // In this order, and each once.
    sampling.sampler.events = SampleEvent.recordable.filter {
      profiling.events.contains($0.rawValue) && $0.features.allSatisfy { features.has($0) }
    }
    if latencies?.wantsExemplars ?? false {
      sampling.sampler.events.append(.exemplars)
      sampling.intervals[.exemplars] = Self.exemplarInterval
    }
    sampling.sampler.mayPause = true
    sampling.interval = profiling.window
    for event in sampling.sampler.events where event != .exemplars {
      sampling.intervals[event] = profiling.window(of: event.rawValue)
    }
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

  /// How long stacks of slow operations wait until they are told.
  private static let exemplarInterval = Duration.seconds(15)

  /// Says that we are up.
  func becomeReady(_ status: String) {
    board.change { if $0.phase == .starting { $0.phase = .running } }
    manager?.ready(status: status)
  }
}
