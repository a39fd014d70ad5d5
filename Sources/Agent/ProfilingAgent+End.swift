import AgentEndpoint
import AgentLog
import Configuration
import Health
import LinuxHost
import NIOCore
import NIOPosix
import ProfileModel
import Sampling

// The end.
extension ProfilingAgent {
  /// Exports what is open and ends all threads, in less than five seconds.
  ///
  /// - Returns: whether all servers have taken everything.
  func end() -> Bool {
    let began = Clock.monotonic()
    func isLate(_ limit: UInt64) -> Bool { Clock.monotonic() &- began > limit }
    manager?.stopping()
    board.change { $0.phase = .stopping }
    metrics?.askToStop()
    latencies?.askToStop(collects: settings.once)
    allocations.close()
    let figures = shared.sampler?.figures
    shared.lastFigures = figures
    shared.sampler?.stop()
    taps.close()
    if !settings.once { pipeline.namingDeadline = began &+ Self.lastNamingNanoseconds }
    while let event = queue.next() {
      // Nobody adds them to their histograms any more.
      if case .window(let window) = event, window.event == SampleEvent.exemplars.rawValue {
        continue
      }
      if !settings.once, case .window(let window) = event, queue.hasWindows,
        isLate(Self.namingNanoseconds)
      {
        drop(window)
        continue
      }
      _ = take(event)
    }
    latencies?.stop(within: settings.once ? Self.onceLimit : Self.latencyLimit)
    if settings.once, let exporter = shared.exporter {
      metrics?.collect { exporter.append($0, about: $1) }
    }
    metrics?.stop(within: Self.metricsLimit)
    endpoint?.stop()
    let passed = Duration.nanoseconds(Int64(clamping: Clock.monotonic() &- began))
    let farewell = settings.once ? Self.onceLimit : max(.zero, Self.endLimit - passed)
    let exporter = shared.exporter
    let isAccepted = Waiting.wait { await exporter?.stop(within: farewell) ?? true } ?? false
    try? group.syncShutdownGracefully()
    return isAccepted && (pipeline.windows > 0 || shared.sampling == .off)
  }

  /// A window that there is no time for.
  private func drop(_ window: CollectedWindow) {
    var ledger = Ledger()
    ledger.drop(all: window.profile.ledger, for: .windowOverrun)
    pipeline.add(overrun: [window.event: ledger])
  }

  /// How long windows may take in the end, but for the last one.
  private static let namingNanoseconds: UInt64 = 1_000_000_000
  /// How long until no more files are read to name the last one.
  private static let lastNamingNanoseconds: UInt64 = 2_000_000_000
  /// How long the end waits for the collection of metrics that goes on.
  private static let metricsLimit = Duration.seconds(1)
  /// How long the end waits for what measures latencies, of which nothing is told any more.
  private static let latencyLimit = Duration.milliseconds(200)
  /// How long the end may take until the queue is closed.
  private static let endLimit = Duration.milliseconds(3_500)

  var summary: RecordingSummary {
    let configuration = settings.configuration.profiling
    let profiles = Set(configuration.events).sorted().map { event in
      var profile = Profile(sampleType: .cpu, period: 0)
      profile.ledger = pipeline.ledgers[event] ?? Ledger()
      profile.facts.event = event
      profile.facts.frequency = configuration.frequency
      profile.facts.startUnixNanoseconds = beganWall
      profile.facts.durationNanoseconds = Clock.monotonic() &- began
      return profile
    }
    let use = ResourceUse.now()
    let figures = shared.lastFigures ?? SamplerFigures()
    let cost = RecordingCost(
      cpuSeconds: use.cpuSeconds, bpfSeconds: figures.bpfSeconds,
      peakResidentBytes: use.peakResidentBytes, tables: figures.tables.map { ($0.key, $0.value) })
    return RecordingSummary(profiles, cost: cost)
  }
}

extension SamplingStatus {
  /// Whether a window can still be expected.
  var isPossible: Bool {
    switch self {
    case .starting, .running: true
    case .off, .impossible, .dead: false
    }
  }
}
