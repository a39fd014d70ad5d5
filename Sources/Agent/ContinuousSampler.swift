package import LinuxHost
import PerfEvents
import ProfileModel
package import Sampling
import Synchronization

/// Samples all the time on a thread of its own, and hands over a window at each interval.
///
/// The thread must not wait for anybody, or the kernel's rings fill up: whoever takes the windows
/// keeps them, and names and exports them elsewhere.
package final class ContinuousSampler: Sendable {
  package struct Settings: Sendable {
    package var sampler = SamplerOptions()
    /// Length of a window.
    package var interval = Duration.seconds(10)
    package var roots = HostRoots()
    package var commandLine = ""

    package init() {}
  }

  package enum Event: Sendable {
    /// Samples are taken from now on, by this event.
    case started(event: String)
    case window(CollectedWindow)
    /// Sampling is impossible, or has become so; the thread has ended.
    case failed(reason: String)
    /// The last event, after `stop`.
    case stopped
  }

  /// What others ask of the thread.
  private struct Requests {
    var stops = false
    var frequency: Int?
    var taps: [Tap] = []
    var figures = SamplerFigures()
    /// Nanoseconds of `CLOCK_MONOTONIC` at which the thread last was at work.
    var lastTurn: UInt64 = 0
  }

  /// Somebody who wants the samples of some processes apart.
  private struct Tap: Sendable {
    let pids: Set<UInt32>
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    let end: UInt64
    let deliver: @Sendable (CollectedWindow) -> Void
  }

  private let settings: Settings
  private let deliver: @Sendable (Event) -> Void
  private let requests = Mutex(Requests())
  private let thread = Mutex<WorkerThread?>(nil)

  private static let turn = Duration.milliseconds(100)

  /// - Parameters:
  ///   - settings: how to sample, and how long a window is.
  ///   - deliver: is called on the sampling thread and must not wait.
  package init(_ settings: Settings, deliver: @escaping @Sendable (Event) -> Void) {
    self.settings = settings
    self.deliver = deliver
  }

  /// Starts the thread; false if the system has no room for it.
  package func start() -> Bool {
    thread.withLock { thread in
      thread = WorkerThread(name: "wick-sampler", niceness: 0) { [self] in run() }
      return thread != nil
    }
  }

  /// Has the thread hand over what it has and end, and waits for that.
  package func stop() {
    requests.withLock { $0.stops = true }
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  /// Samples with another frequency from now on; the window ends for that.
  package func setFrequency(_ frequency: Int) {
    requests.withLock { $0.frequency = frequency }
  }

  /// Also collects the samples of some processes apart, for a while.
  ///
  /// - Parameters:
  ///   - pids: the processes.
  ///   - duration: how long.
  ///   - deliver: is called on the sampling thread, once, unless that ends before.
  package func tap(
    _ pids: Set<UInt32>, for duration: Duration,
    deliver: @escaping @Sendable (CollectedWindow) -> Void
  ) {
    let tap = Tap(pids: pids, end: Clock.monotonic() &+ duration.nanoseconds, deliver: deliver)
    requests.withLock { $0.taps.append(tap) }
  }

  package var figures: SamplerFigures { requests.withLock { $0.figures } }

  /// How long ago the thread last was at work.
  package var sinceLastTurn: Duration {
    let last = requests.withLock { $0.lastTurn }
    return .nanoseconds(Int64(clamping: Clock.monotonic() &- last))
  }
}

// The thread.
extension ContinuousSampler {
  private func run() {
    do {
      try sample()
      deliver(.stopped)
    } catch {
      deliver(.failed(reason: "\(error)"))
    }
  }

  private func sample() throws {
    let machine = Machine(roots: settings.roots)
    var options = settings.sampler
    options.trigger = SampleTrigger.best(cpu: machine.onlineCPUs().first ?? 0)
    let profile = Profile.empty(
      options, machine, target: "all processes", commandLine: settings.commandLine)
    let sampler = try Sampler(options: options, roots: settings.roots, profile: profile)
    try sampler.start()
    deliver(.started(event: options.trigger.name))
    var open: [(tap: Tap, window: SampleWindow)] = []
    var end = Clock.monotonic() &+ settings.interval.nanoseconds
    while let request = turn(sampler) {
      try sampler.poll(timeout: Self.turn)
      if let window = try sampler.takeClosedWindow() { deliver(.window(window.collected)) }
      for tap in request.taps { open.append((tap, sampler.folder.openTap(tap.pids))) }
      closeTaps(&open, sampler)
      let isChange = request.frequency != nil && request.frequency != sampler.frequency
      guard isChange || Clock.monotonic() >= end else { continue }
      if try sampler.beginWindow(frequency: request.frequency) {
        end = Clock.monotonic() &+ settings.interval.nanoseconds
      } else if let frequency = request.frequency {
        // The window before is still open: in the next turn.
        setFrequency(frequency)
      }
    }
    for window in try sampler.stop() { deliver(.window(window.collected)) }
    for (tap, window) in open {
      sampler.folder.closeTap(window)
      tap.deliver(window.collected)
    }
  }

  /// What was asked for since the last turn; nil to end.
  private func turn(_ sampler: Sampler) -> Requests? {
    var figures = SamplerFigures()
    figures.bpfSeconds = sampler.kernelNanoseconds.map { Double($0) / 1_000_000_000 }
    figures.frequency = sampler.frequency
    figures.tables = Dictionary(sampler.tableFigures) { first, _ in first }
    figures.lostProcessEvents = sampler.lostProcessEvents
    return requests.withLock { requests in
      let now = requests
      requests.taps = []
      requests.frequency = nil
      requests.figures = figures
      requests.lastTurn = Clock.monotonic()
      return now.stops ? nil : now
    }
  }

  private func closeTaps(_ open: inout [(tap: Tap, window: SampleWindow)], _ sampler: Sampler) {
    let now = Clock.monotonic()
    for (tap, window) in open where tap.end <= now {
      sampler.folder.closeTap(window)
      tap.deliver(window.collected)
    }
    open.removeAll { $0.tap.end <= now }
  }
}

extension SampleWindow {
  fileprivate var collected: CollectedWindow {
    CollectedWindow(profile: profile, origins: origins)
  }
}
