package import LinuxHost
package import ProfileFormats
import ProfileModel
package import Sampling
import Synchronization

/// Samples, and makes tables of each interval, on threads of their own.
///
/// Nothing is kept of an interval but its tables, and of these a few.
package final class LiveTables {
  package struct Plan: Sendable {
    package var sampler = SamplerOptions()
    package var interval = Duration.seconds(1)
    /// How long files may be read for names in each interval; what has none yet gets it later.
    package var namingTime: Duration?
    package var roots = HostRoots()
    /// The command line of wick, for the profile's facts.
    package var commandLine = ""

    package init() {}
  }

  package enum Outcome: Sendable {
    case interval(TopInterval)
    /// There are no more: every process that was to be sampled has ended, or `stop` was called.
    case ended
  }

  /// Sampling has become impossible.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Features that do not work here and that the tables are poorer for.
  package let degradations: [MissingFeature]
  private let exchange = Exchange()
  private let sampler: ContinuousSampler

  /// Begins to sample; whatever can fail for want of privileges fails here.
  package init(_ plan: Plan) throws {
    degradations = try Recording.check(plan.sampler, roots: plan.roots)
    ResourceLimits.raiseOpenFiles()
    var settings = ContinuousSampler.Settings()
    settings.sampler = plan.sampler
    settings.interval = plan.interval
    settings.roots = plan.roots
    settings.commandLine = plan.commandLine
    // Who looks at a screen wants the frequency that was asked for.
    settings.budget.isEnforced = false
    let eventCount = plan.sampler.events.count
    let exchange = exchange
    sampler = ContinuousSampler(
      settings,
      deliver: { event in
        exchange.inbox.withLock { inbox in
          switch event {
          case .started: inbox.isStarted = true
          case .window(let window): inbox.add(window, eventCount: eventCount)
          case .failed(let reason): inbox.failure = reason
          case .stopped: inbox.isOver = true
          case .processes, .tap, .frequency: break
          }
        }
      })
    // Nobody waits for this one: when we end, it is in the middle of something that nobody needs.
    let naming = WorkerThread(name: "wick-naming", niceness: 0) { TableMaker(plan).run(exchange) }
    guard naming != nil, sampler.start() else {
      throw Failure(description: "the system has no room for a thread")
    }
    try waitForStart()
  }

  deinit {
    exchange.inbox.withLock { $0.isAbandoned = true }
    sampler.stop()
  }

  private func waitForStart() throws {
    while true {
      let (isDone, failure) = exchange.inbox.withLock { ($0.isStarted || $0.isOver, $0.failure) }
      if let failure { throw Failure(description: failure) }
      if isDone { return }
      Clock.pause()
    }
  }

  /// Ends sampling; the tables of what was sampled until then are still to come.
  package func stop() { sampler.stop() }

  /// The tables of the next interval; nil if they are not there yet.
  package func next() throws -> Outcome? {
    let (interval, hasEnded, failure) = exchange.inbox.withLock { inbox in
      let interval = inbox.intervals.isEmpty ? nil : inbox.intervals.removeFirst()
      return (interval, inbox.hasEnded, inbox.failure)
    }
    if let interval { return .interval(interval) }
    if let failure { throw Failure(description: failure) }
    return hasEnded ? .ended : nil
  }

  /// Intervals that nobody took in time, and that are gone.
  package var skipped: Int { exchange.inbox.withLock { $0.skipped } }
}

/// What the threads have for each other.
private struct Inbox {
  var isStarted = false
  /// No more windows come.
  var isOver = false
  /// No more tables come.
  var hasEnded = false
  /// Nobody wants tables any more.
  var isAbandoned = false
  var failure: String?
  /// Of the interval whose windows are not all there yet.
  private var windows: [CollectedWindow] = []
  private var unnamed: [[CollectedWindow]] = []
  var intervals: [TopInterval] = []
  private(set) var skipped = 0

  /// Older intervals give way: nobody wants to see them any more.
  private static let limit = 4

  mutating func add(_ window: CollectedWindow, eventCount: Int) {
    windows.append(window)
    guard windows.count == eventCount else { return }
    unnamed.append(windows)
    windows = []
    if unnamed.count > Self.limit {
      unnamed.removeFirst()
      skipped += 1
    }
  }

  mutating func add(_ interval: TopInterval) {
    intervals.append(interval)
    if intervals.count > Self.limit {
      intervals.removeFirst()
      skipped += 1
    }
  }

  enum Work {
    case windows([CollectedWindow])
    case wait, end
  }

  mutating func takeWork() -> Work {
    if isAbandoned { return .end }
    if !unnamed.isEmpty { return .windows(unnamed.removeFirst()) }
    guard isOver || failure != nil else { return .wait }
    hasEnded = true
    return .end
  }
}

private final class Exchange: Sendable {
  let inbox = Mutex(Inbox())
}

/// Names what was sampled and makes tables of it.
private struct TableMaker: Sendable {
  private let plan: LiveTables.Plan

  init(_ plan: LiveTables.Plan) { self.plan = plan }

  private static let turnNanoseconds: UInt64 = 20_000_000
  private static let intervalsToTrim = 30

  func run(_ exchange: Exchange) {
    let symbolizer = ProfileSymbolizer(roots: plan.roots, isFrequent: true)
    let cpus = Machine(roots: plan.roots).onlineCPUs().count
    var count = 0
    while true {
      switch exchange.inbox.withLock({ $0.takeWork() }) {
      case .end: return
      case .wait: Clock.pause(nanoseconds: Self.turnNanoseconds)
      case .windows(let windows):
        let interval = interval(of: windows, symbolizer, cpus: cpus)
        exchange.inbox.withLock { $0.add(interval) }
        // Profiles come and go in large pieces, of which the C library would keep the largest.
        count += 1
        if count % Self.intervalsToTrim == 0 { Heap.trim() }
      }
    }
  }

  private func interval(
    of windows: [CollectedWindow], _ symbolizer: ProfileSymbolizer, cpus: Int
  ) -> TopInterval {
    let deadline = plan.namingTime.map { Clock.monotonic() &+ $0.nanoseconds } ?? .max
    let tables = windows.map { window in
      var profile = window.profile
      symbolizer.symbolize(&profile, origins: window.origins, until: deadline)
      return TopTable(profile)
    }
    symbolizer.rest()
    let facts = windows.first?.profile.facts
    return TopInterval(
      startUnixNanoseconds: facts?.startUnixNanoseconds ?? 0,
      durationNanoseconds: facts?.durationNanoseconds ?? 0, cpus: cpus, tables: tables)
  }
}
