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
    /// Length of a window of the events that have none of their own.
    package var interval = Duration.seconds(10)
    package var intervals: [SampleEvent: Duration] = [:]
    package var roots = HostRoots()
    package var commandLine = ""
    package var budget = Governor.Budget()

    package init() {}
  }

  package enum Event: Sendable {
    /// Samples are taken from now on, by this event, and for who has the loan.
    case started(event: String, loan: SampleLoan?)
    /// Processes that were sampled for the first time in their window; they may end before it does.
    case processes([(pid: UInt32, name: String)])
    case window(CollectedWindow)
    /// The samples of the processes that somebody has asked for, by the request's number.
    case tap(Int, CollectedWindow)
    /// Samples are taken at another frequency from now on.
    case frequency(Int, Governor.State)
    /// Sampling is impossible, or has become so; the thread has ended.
    case failed(reason: String)
    /// The last event, after `stop`, or when all processes that were to be sampled have ended.
    case stopped
  }

  /// What the thread and others tell each other.
  private struct Exchange {
    var stops = false
    var figures = SamplerFigures()
    /// What is sampled: what was asked for, without what the kernel refuses.
    var events: [SampleEvent]?
    var requests: [TapRequest] = []
    var lastRequest = 0
    var frequency: Int?
    var budget: Governor.Budget?
    var memoryBytes: UInt64?
    var beside = Governing.Beside()
    var spanExportNanoseconds: UInt64 = 0

    mutating func takeWishes() -> (frequency: Int?, budget: Governor.Budget?) {
      defer { (frequency, budget) = (nil, nil) }
      return (frequency, budget)
    }
  }

  /// Samples of some processes, for a while.
  private struct TapRequest {
    let number: Int
    /// Empty for all.
    let pids: Set<UInt32>
    let duration: Duration
    let event: SampleEvent
  }

  /// A tap that is open, until a time of the monotonic clock.
  private struct Tap {
    let number: Int
    let window: SampleWindow
    let end: UInt64
  }

  private let settings: Settings
  private let deliver: @Sendable (Event) -> Void
  private let tick: @Sendable () -> Void
  private let exchange = Mutex(Exchange())
  private let thread = Mutex<WorkerThread?>(nil)

  private static let turn = Duration.milliseconds(100)
  /// How often new processes are told of.
  private static let tellingNanoseconds: UInt64 = 200_000_000

  /// - Parameters:
  ///   - settings: how to sample, and how long a window is.
  ///   - tick: is called there in each turn, some times a second.
  ///   - deliver: is called there and must not wait.
  package init(
    _ settings: Settings, tick: @escaping @Sendable () -> Void = {},
    deliver: @escaping @Sendable (Event) -> Void
  ) {
    self.settings = settings
    self.tick = tick
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
    exchange.withLock { $0.stops = true }
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
  }

  package var figures: SamplerFigures { exchange.withLock { $0.figures } }

  /// The number of a tap that will be requested.
  package func reserveTap() -> Int {
    exchange.withLock { exchange in
      exchange.lastRequest += 1
      return exchange.lastRequest
    }
  }

  /// Has the samples of some processes delivered apart, as an event `tap`.
  ///
  /// - Parameters:
  ///   - number: what the event will have; see `reserveTap`.
  ///   - pids: whose; empty for all.
  ///   - duration: for how long from now on.
  ///   - event: one of those that are sampled.
  package func requestTap(
    _ number: Int, of pids: Set<UInt32>, for duration: Duration, event: SampleEvent = .cpu
  ) {
    exchange.withLock {
      $0.requests.append(
        TapRequest(number: number, pids: pids, duration: duration, event: event))
    }
  }

  /// Whether an event is sampled.
  package func takes(_ event: SampleEvent) -> Bool {
    exchange.withLock { $0.events ?? settings.sampler.events }.contains(event)
  }

  /// Takes samples at another frequency from the next window on.
  package func setFrequency(_ frequency: Int) {
    exchange.withLock { $0.frequency = frequency }
  }

  /// What we hold now: resident memory and maps, in bytes.
  package func setMemory(_ bytes: UInt64) {
    exchange.withLock { $0.memoryBytes = bytes }
  }

  /// What is measured beside samples has cost so far, in seconds: its programs in the kernel, and what
  /// comes once.
  package func setBeside(kernelSeconds: Double, onceSeconds: Double) {
    exchange.withLock {
      $0.beside = Governing.Beside(kernelSeconds: kernelSeconds, onceSeconds: onceSeconds)
    }
  }

  /// Says what CPU time naming and exporting a profile of waits or calls has taken.
  package func addSpanExport(nanoseconds: UInt64) {
    exchange.withLock { $0.spanExportNanoseconds &+= nanoseconds }
  }

  /// What it may cost from now on.
  package func setBudget(_ budget: Governor.Budget) {
    exchange.withLock { $0.budget = budget }
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
    let (sampler, refused) = try begin(&options, profile)
    exchange.withLock { $0.events = options.events }
    var governing = Governing(
      frequency: options.frequency, cpus: machine.onlineCPUs().count, events: options.events,
      settings: settings)
    var taps: [Tap] = []
    let loan = options.events.contains(.exemplars) ? try sampler.loan() : nil
    deliver(.started(event: options.trigger.name, loan: loan))
    var schedule = WindowSchedule(
      Dictionary(
        options.events.map { ($0, settings.intervals[$0] ?? settings.interval) },
        uniquingKeysWith: min), from: Clock.monotonic())
    var nextTelling: UInt64 = 0
    while goesOn(sampler, governing.governor, refused), sampler.hasTargets {
      try sampler.poll(timeout: Self.turn)
      for window in try sampler.takeClosedWindows() { deliver(.window(window.collected)) }
      let now = Clock.monotonic()
      if now >= nextTelling {
        let processes = sampler.folder.windows.flatMap { $0.takeNewProcesses() }
        if !processes.isEmpty { deliver(.processes(processes)) }
        nextTelling = now &+ Self.tellingNanoseconds
      }
      taps += openTaps(sampler, now)
      closeTaps(&taps, sampler, now)
      try sampler.setDetailed(taps.contains { !$0.window.event.needsClock })
      take(exchange.withLock { $0.takeWishes() }, &governing)
      (governing.memoryBytes, governing.beside) = exchange.withLock { ($0.memoryBytes, $0.beside) }
      governing.spanExportNanoseconds = exchange.withLock(\.spanExportNanoseconds)
      let isNews = governing.judge(sampler, at: now)
      // The window before may still be open: then in the next turn.
      var due = schedule.due(at: now)
      if isNews { due.formUnion(options.events.filter(\.needsClock)) }
      guard isNews || !due.isEmpty,
        try sampler.beginWindow(frequency: governing.governor.frequency, events: due)
      else { continue }
      schedule.begin(due, at: now)
      if isNews { deliver(.frequency(sampler.frequency, governing.governor.state)) }
    }
    closeTaps(&taps, sampler, UInt64.max)
    for window in try sampler.stop() { deliver(.window(window.collected)) }
  }

  /// Begins to sample what this kernel lets us, and says what it refuses.
  private func begin(_ options: inout SamplerOptions, _ profile: Profile) throws -> (
    Sampler, refused: [String]
  ) {
    var refused: [String] = []
    while true {
      do {
        let sampler = try Sampler(options: options, roots: settings.roots, profile: profile)
        try sampler.start()
        return (sampler, refused)
      } catch let error as UnavailableFeature {
        let kept = options.events.filter { !$0.features.contains(error.feature) }
        guard kept.contains(where: { $0 != .exemplars }), kept.count < options.events.count else {
          throw error
        }
        options.events = kept
        refused.append("\(error)")
      }
    }
  }

  private func openTaps(_ sampler: Sampler, _ now: UInt64) -> [Tap] {
    let requests = exchange.withLock { exchange in
      defer { exchange.requests = [] }
      return exchange.requests
    }
    return requests.map { request in
      // A sample may stand for many short waits, which are not cut.
      let longest = max(request.duration.nanoseconds, sampler.spanLength(of: request.event))
      return Tap(
        number: request.number,
        window: sampler.folder.openTap(request.pids, event: request.event, longestSpan: longest),
        end: now &+ request.duration.nanoseconds)
    }
  }

  private func closeTaps(_ taps: inout [Tap], _ sampler: Sampler, _ now: UInt64) {
    for tap in taps where tap.end <= now {
      sampler.folder.closeTap(tap.window)
      deliver(.tap(tap.number, tap.window.collected))
    }
    taps.removeAll { $0.end <= now }
  }

  private func take(
    _ wishes: (frequency: Int?, budget: Governor.Budget?), _ governing: inout Governing
  ) {
    if let budget = wishes.budget { governing.governor.budget = budget }
    if let frequency = wishes.frequency { governing.governor.want(frequency) }
  }

  /// Tells how things stand; false to end.
  private func goesOn(_ sampler: Sampler, _ governor: Governor, _ refused: [String]) -> Bool {
    tick()
    var figures = SamplerFigures()
    figures.bpfSeconds = sampler.kernelNanoseconds.map { Double($0) / 1_000_000_000 }
    figures.tables = Dictionary(sampler.tableFigures) { first, _ in first }
    figures.mapBytes = UInt64(max(0, sampler.mapBytes))
    figures.pauses = sampler.pauses
    figures.pausedSeconds = sampler.restedNanoseconds.mapValues { Double($0) / 1_000_000_000 }
    figures.refused = refused
    figures.lastTurn = Clock.monotonic()
    figures.frequency = sampler.frequency
    figures.governor = governor.state
    figures.isShortOfMemory = governor.isShortOfMemory
    figures.cpuShare = governor.cpuShare
    return exchange.withLock { exchange in
      exchange.figures = figures
      return !exchange.stops
    }
  }
}

extension SampleWindow {
  fileprivate var collected: CollectedWindow {
    CollectedWindow(
      event: event.rawValue, profile: profile, origins: origins, exemplars: exemplars)
  }
}
