import Glibc
package import LinuxHost
import PerfEvents
package import ProfileModel
package import Sampling
package import Unwinding

/// One window: samples until it is time to stop, then names what was found.
///
/// The daemon's windows and `wick record` are the same pipeline.
package final class Recording {
  package enum Failure: Error, CustomStringConvertible {
    case missing(MissingFeature)
    case noSuchProcess(UInt32)
    case frequency(Int, limit: Int)

    package var description: String {
      switch self {
      case .missing(let feature):
        "cannot profile: \(feature.feature.rawValue): \(feature.cause) (\(feature.remedy))"
      case .noSuchProcess(let pid):
        "no process with PID \(pid) (it may have ended; list them with: ps -e)"
      case .frequency(let wanted, let limit):
        "a frequency of \(wanted) is above the kernel's limit of \(limit) "
          + "(raise kernel.perf_event_max_sample_rate, or lower -F)"
      }
    }
  }

  /// Features that do not work here and that a profile is poorer for.
  package let degradations: [MissingFeature]
  /// What triggers samples, in the words of the summary.
  package let event: String
  private let plan: RecordingPlan
  private let machine: Machine
  private let signals: SignalMask
  private let child: ChildProcess?
  private let sampler: Sampler
  private var wasInterrupted = false

  /// Gets everything ready, so that whatever can fail fails before a sample is taken.
  package init(_ plan: RecordingPlan, signals: SignalMask) throws {
    var plan = plan
    machine = Machine(roots: plan.roots)
    self.signals = signals
    degradations = try Self.check(plan.sampler, roots: plan.roots)
    ResourceLimits.raiseOpenFiles()
    let trigger = SampleTrigger.best(cpu: machine.onlineCPUs().first ?? 0)
    plan.sampler.trigger = trigger
    event = trigger.name
    child = try plan.command.map { try ChildProcess($0, signals: signals) }
    if let child { plan.sampler.target = .processes([child.pid]) }
    self.plan = plan
    let profile = Profile.empty(
      plan.sampler, machine, target: plan.sampler.target.description(command: plan.command),
      commandLine: plan.commandLine)
    sampler = try Sampler(options: plan.sampler, roots: plan.roots, profile: profile)
    try sampler.forecastAllocations()
  }

  /// Sees to what is asked for, before anything is started or written.
  ///
  /// - Returns: what does not work here, and can be done without.
  static func check(_ options: SamplerOptions, roots: HostRoots) throws -> [MissingFeature] {
    let features = FeatureTable.probe(roots: roots)
    for needed in Feature.ofSampling + options.events.flatMap(\.features) {
      if let missing = features.reason(needed) { throw Failure.missing(missing) }
    }
    let limit = Machine(roots: roots).maximumFrequency()
    guard options.frequency <= limit else {
      throw Failure.frequency(options.frequency, limit: limit)
    }
    if case .processes(let pids) = options.target {
      let processes = Processes(roots: roots)
      for pid in pids where !processes.exists(pid) { throw Failure.noSuchProcess(pid) }
    }
    return features.missing(of: Feature.ofRecording)
  }

  /// Records until the time is up, the command or all processes have ended, or a signal asks.
  ///
  /// - Returns: a profile for each event, with all names, and what they cost.
  package func run(progress: (RecordingProgress) -> Void) throws -> ([Profile], RecordingCost) {
    let wallStart = Clock.wall()
    let start = Clock.monotonic()
    try sampler.start()
    try child?.release()
    while true {
      try sampler.poll(timeout: .milliseconds(25))
      let elapsed = Clock.monotonic() - start
      progress(self.progress(elapsed))
      if isOver(elapsed) { break }
    }
    let duration = Clock.monotonic() - start
    try sampler.stop()
    // Who has ended it by a signal may quit with another; the first one never costs the file.
    signals.release(forgiving: !wasInterrupted)
    let profiles = try sampler.profiles(startedAt: wallStart, for: duration, roots: plan.roots)
    return (profiles, cost())
  }

  /// What sampling allocations will cost the process; nil if that is not asked for.
  package var allocationForecast: AllocationForecast? { sampler.allocationForecast }

  /// What went missing besides samples, in sentences.
  package var losses: [String] {
    var losses: [String] = []
    if sampler.targetsLost > 0 {
      losses.append(
        "\(sampler.targetsLost) forked processes were not followed: "
          + "there were more than \(Limits.targets) (profile a cgroup instead)")
    }
    if sampler.lostProcessEvents > 0 {
      losses.append(
        "\(sampler.lostProcessEvents) changes of processes were not reported in time: "
          + "some stacks may be incomplete (profile fewer processes at once)")
    }
    return losses + sampler.reductions
  }

  /// The first stacks on which the walkers disagree, where that was verified.
  package var disagreements: [String] { sampler.folder.comparison?.examples ?? [] }

  /// The captured samples, where that was asked for.
  package func capture() -> Capture? { sampler.folder.capture?.finish() }

  /// The command's exit status, waited for; nil if there is no command.
  package func commandStatus() -> CInt? { child?.wait() }

  private func isOver(_ elapsed: UInt64) -> Bool {
    if signals.pending() != nil {
      wasInterrupted = true
      return true
    }
    if let duration = plan.duration, elapsed >= duration.nanoseconds { return true }
    if let child { return child.exitStatus() != nil }
    return !sampler.hasTargets
  }

  private func progress(_ elapsed: UInt64) -> RecordingProgress {
    var ledger = Ledger()
    for window in sampler.folder.windows { ledger.add(window.profile.ledger) }
    let delivered = ledger.complete + ledger.partialTotal
    return RecordingProgress(
      elapsed: .nanoseconds(Int64(clamping: elapsed)), samples: delivered,
      coverage: delivered == 0 ? 1 : Double(ledger.complete) / Double(delivered))
  }

  private func cost() -> RecordingCost {
    let use = ResourceUse.now()
    return RecordingCost(
      cpuSeconds: use.cpuSeconds,
      bpfSeconds: sampler.kernelNanoseconds.map { Double($0) / 1_000_000_000 },
      peakResidentBytes: use.peakResidentBytes, tables: sampler.tableFigures,
      comparison: sampler.folder.comparison?.counts,
      spans: plan.sampler.events.map { sampler.spanFigures(of: $0) },
      programs: sampler.programRuns)
  }
}

extension Duration {
  var nanoseconds: UInt64 {
    UInt64(clamping: components.seconds) &* 1_000_000_000
      &+ UInt64(clamping: components.attoseconds / 1_000_000_000)
  }
}

extension Profile {
  /// What a profile begins with: how and where it is taken.
  static func empty(
    _ options: SamplerOptions, _ machine: Machine, target: String, commandLine: String
  ) -> Profile {
    var profile = Profile(sampleType: .cpu, period: options.period)
    profile.facts.host = machine.host
    profile.facts.kernel = machine.kernel
    profile.facts.architecture = machine.architecture
    profile.facts.onlineCPUs = machine.onlineCPUs().count
    profile.facts.event = options.trigger.name
    profile.facts.frequency = options.frequency
    profile.facts.command = commandLine
    profile.facts.target = target
    profile.facts.version = Version.current
    return profile
  }
}

extension SampleTarget {
  fileprivate func description(command: Command?) -> String {
    if let command { return command.arguments.joined(separator: " ") }
    switch self {
    case .everything: return "all processes"
    case .processes(let pids): return "pid " + pids.map(String.init).joined(separator: ", ")
    case .cgroup(let group): return "cgroup \(group.path)"
    }
  }
}
