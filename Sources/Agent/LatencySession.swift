package import Latency
package import LinuxHost
import ProfileModel
import Sampling

/// Measures latencies until it is time to stop, with stacks of slow values where those can be had.
package final class LatencySession {
  package struct NoProcess: Error, CustomStringConvertible {
    package let pid: UInt32

    package var description: String {
      "no process with PID \(pid) (it may have ended; list them with: ps -e)"
    }
  }

  package private(set) var recording: LatencyRecording
  /// Why there are no stacks; nil if there are.
  package private(set) var missingStacks: String?
  /// What this kernel does not let us see, in sentences.
  package var limitations: [String] { collector.limitations }
  private let collector: LatencyCollector
  private let sampler: Sampler?
  private let roots: HostRoots

  /// Gets everything ready, so that whatever can fail fails before anything is measured.
  package init(_ kind: LatencyKind, options: LatencyOptions) throws {
    roots = options.roots
    if case .processes(let pids) = options.target {
      let processes = Processes(roots: roots)
      for pid in pids where !processes.exists(pid) { throw NoProcess(pid: pid) }
    }
    if let missing = FeatureTable.probe(roots: roots).reason(kind.feature) {
      throw UnavailableFeature(missing)
    }
    ResourceLimits.raiseOpenFiles()
    // Without latencies there is nothing to do: what is refused to them is refused.
    let sampler = Result {
      let sampler = try Self.sampler(options)
      return (sampler: sampler, loan: try sampler.loan())
    }
    let found = try? sampler.get()
    collector = try UnavailableFeature.naming(kind.feature) {
      try LatencyCollector(kind, options: options, loan: found?.loan)
    }
    self.sampler = found?.sampler
    if case .failure(let error) = sampler { missingStacks = "\(error)" }
    recording = LatencyRecording(kind, target: options.target.words)
  }

  private static func sampler(_ options: LatencyOptions) throws -> Sampler {
    var settings = SamplerOptions()
    settings.target = options.target
    settings.events = [.exemplars]
    // It would double the cost of each system call.
    settings.measuresRunTime = false
    let machine = Machine(roots: options.roots)
    let profile = Profile.empty(
      settings, machine, target: options.target.words, commandLine: "")
    return try Sampler(options: settings, roots: options.roots, profile: profile)
  }

  /// Measures until the time is up, all processes have ended, or a signal asks.
  ///
  /// Calls `show` with what is new after each interval, and at the end.
  package func run(
    for duration: Duration?, interval: Duration, signals: SignalMask,
    show: (LatencyInterval) -> Void
  ) throws {
    try UnavailableFeature.naming(collector.kind.feature) {
      try sampler?.start()
      try collector.start()
    }
    let start = Clock.monotonic()
    var next = start &+ interval.nanoseconds
    var wasInterrupted = false
    while true {
      try wait()
      let now = Clock.monotonic()
      wasInterrupted = signals.pending() != nil
      let isOver =
        wasInterrupted || !hasTargets
        || duration.map { now &- start >= $0.nanoseconds } ?? false
      if isOver { collector.stop() }
      if isOver || now >= next {
        let news = try collector.collect()
        recording.add(news)
        show(news)
        next = max(next &+ interval.nanoseconds, now)
      }
      if isOver { break }
    }
    // Who has ended it by a signal may quit with another; the first one never costs the result.
    signals.release(forgiving: !wasInterrupted)
    try finish()
  }

  private static let turn = Duration.milliseconds(20)

  private func wait() throws {
    guard let sampler else { return Clock.pause(nanoseconds: Self.turn.nanoseconds) }
    try sampler.poll(timeout: Self.turn)
  }

  private var hasTargets: Bool { sampler?.hasTargets ?? collector.hasTargets }

  /// Names the stacks.
  private func finish() throws {
    guard let sampler else { return }
    try sampler.stop()
    let toUnix = Clock.wall() &- Clock.monotonic()
    for window in sampler.folder.windows where window.event == .exemplars {
      var profile = window.profile
      ProfileSymbolizer(roots: roots).symbolize(&profile, origins: window.origins)
      recording.exemplars += zip(profile.samples, window.exemplars).compactMap { sample, facts in
        guard let name = collector.name(of: facts) else { return nil }
        return LatencyExemplar(
          sample, of: profile, name: name, timeUnixNanoseconds: facts.time &+ toUnix)
      }
    }
  }
}
