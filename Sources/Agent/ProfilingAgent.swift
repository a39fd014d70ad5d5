package import LinuxHost
import PerfEvents
import ProfileModel
import Sampling
package import Export

/// Profiles a host for as long as it runs: one window after the other, a profile of each service.
package final class ProfilingAgent {
  package struct Settings: Sendable {
    package var sampling = ContinuousSampler.Settings()
    /// Where profiles are kept.
    package var directory = "/var/lib/wick/profiles"
    package var limits = ProfileDirectory.Limits()
    /// End after the first window.
    package var once = false

    package init() {}
  }

  package enum Failure: Error, CustomStringConvertible {
    case missing(MissingFeature)
    case noThread
    case sampling(String)

    package var description: String {
      switch self {
      case .missing(let feature): "cannot profile: \(feature.cause) (\(feature.remedy))"
      case .noThread: "cannot start a thread: the system has no room for it (raise TasksMax)"
      case .sampling(let reason): "sampling has ended: \(reason)"
      }
    }
  }

  /// Features that do not work here and that profiles are poorer for.
  package let degradations: [MissingFeature]
  private let settings: Settings
  private let signals: SignalMask
  private let export: WindowExport
  private let queue = WindowQueue()
  private let began = Clock.monotonic()
  private let beganWall = Clock.wall()

  /// Gets everything ready, so that whatever can fail fails before a sample is taken.
  package init(_ settings: Settings, signals: SignalMask) throws {
    let features = FeatureTable.probe(roots: settings.sampling.roots)
    for needed in [Feature.sampling, .kernelTypes] {
      if let missing = features.reason(needed) { throw Failure.missing(missing) }
    }
    let limit = Machine(roots: settings.sampling.roots).maximumFrequency()
    guard settings.sampling.sampler.frequency <= limit else {
      throw Recording.Failure.frequency(settings.sampling.sampler.frequency, limit: limit)
    }
    degradations = features.missing
    self.settings = settings
    self.signals = signals
    let directory = try ProfileDirectory(settings.directory, limits: settings.limits)
    export = WindowExport(directory: directory, roots: settings.sampling.roots)
    ResourceLimits.raiseOpenFiles()
  }

  /// Runs until a signal asks it to end, or after the first window if that is all.
  ///
  /// The windows that are open then are still written.
  ///
  /// - Parameter report: is told what an operator should know, in sentences.
  /// - Returns: the ledger of all windows and what it cost.
  /// - Throws: when sampling is impossible, or has become so.
  package func run(report: (String) -> Void) throws -> RecordingSummary {
    let queue = queue
    let sampler = ContinuousSampler(settings.sampling) { queue.append($0) }
    guard sampler.start() else { throw Failure.noThread }
    defer { sampler.stop() }
    var lastProblem: String?
    while signals.pending() == nil, !(settings.once && export.windows > 0) {
      if let event = queue.next() { try take(event, report) }
      if export.problem != lastProblem {
        lastProblem = export.problem
        report(lastProblem ?? "profiles can be written again")
      }
    }
    sampler.stop()
    while let event = queue.next() { try take(event, report) }
    signals.release()
    return summary(sampler.figures)
  }

  private func take(_ event: ContinuousSampler.Event, _ report: (String) -> Void) throws {
    switch event {
    case .started(let event):
      report("profiling by \(event) into \(settings.directory)")
    case .processes(let processes):
      for process in processes { export.meet(process.pid, name: process.name) }
    case .window(let window):
      export.add(window)
      export.add(overrun: queue.takeOverrun())
    case .failed(let reason): throw Failure.sampling(reason)
    case .tap, .frequency, .stopped: break
    }
  }

  private func summary(_ figures: SamplerFigures) -> RecordingSummary {
    var profile = Profile(sampleType: .cpu, period: 0)
    profile.ledger = export.ledger
    profile.facts.event = "cpu"
    profile.facts.frequency = settings.sampling.sampler.frequency
    profile.facts.startUnixNanoseconds = beganWall
    profile.facts.durationNanoseconds = Clock.monotonic() &- began
    let use = ResourceUse.now()
    let cost = RecordingCost(
      cpuSeconds: use.cpuSeconds, bpfSeconds: figures.bpfSeconds,
      peakResidentBytes: use.peakResidentBytes, tables: figures.tables.map { ($0.key, $0.value) })
    return RecordingSummary(profile, cost: cost)
  }
}
