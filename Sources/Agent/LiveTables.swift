package import LinuxHost
package import ProfileFormats
import ProfileModel
package import Sampling
import Synchronization

/// Samples on a thread of its own, and makes tables of each interval for as long as somebody asks.
///
/// Nothing is kept of an interval but its tables.
package final class LiveTables {
  package struct Plan: Sendable {
    package var sampler = SamplerOptions()
    package var interval = Duration.seconds(1)
    package var roots = HostRoots()
    /// The command line of wick, for the profile's facts.
    package var commandLine = ""

    package init() {}
  }

  package enum Outcome: Sendable {
    case interval(TopInterval)
    /// Every process that was to be sampled has ended.
    case ended
  }

  /// Sampling has become impossible.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// What the sampling thread has for us.
  private struct Inbox {
    var isStarted = false
    var hasEnded = false
    var failure: String?
    /// Of the interval whose windows are not all there yet.
    var windows: [CollectedWindow] = []
    var intervals: [[CollectedWindow]] = []

    /// Older intervals give way: nobody wants to see them any more.
    mutating func add(_ window: CollectedWindow, eventCount: Int) {
      windows.append(window)
      guard windows.count == eventCount else { return }
      intervals.append(windows)
      windows = []
      if intervals.count > Self.limit { intervals.removeFirst(intervals.count - Self.limit) }
    }

    private static let limit = 4
  }

  private final class Exchange: Sendable {
    let inbox = Mutex(Inbox())
  }

  /// Features that do not work here and that the tables are poorer for.
  package let degradations: [MissingFeature]
  private let exchange = Exchange()
  private let sampler: ContinuousSampler
  private let symbolizer: ProfileSymbolizer
  private let cpus: Int
  private var intervalCount = 0

  /// Begins to sample; whatever can fail for want of privileges fails here.
  package init(_ plan: Plan) throws {
    let machine = Machine(roots: plan.roots)
    cpus = machine.onlineCPUs().count
    degradations = try Recording.check(plan.sampler, roots: plan.roots)
    ResourceLimits.raiseOpenFiles()
    symbolizer = ProfileSymbolizer(roots: plan.roots)
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
          case .stopped: inbox.hasEnded = true
          case .processes, .tap, .frequency: break
          }
        }
      })
    guard sampler.start() else { throw Failure(description: "the system has no room for a thread") }
    try waitForStart()
  }

  deinit { stop() }

  private func waitForStart() throws {
    while true {
      let (isDone, failure) = exchange.inbox.withLock {
        ($0.isStarted || $0.hasEnded, $0.failure)
      }
      if let failure {
        stop()
        throw Failure(description: failure)
      }
      if isDone { return }
      Clock.pause()
    }
  }

  /// Ends sampling; what was sampled until then can still be taken.
  package func stop() { sampler.stop() }

  /// The tables of the next interval, if it is over; does not wait.
  ///
  /// - Parameter deadline: from this monotonic time on no file is read for names.
  /// - Returns: nil if nothing is there yet.
  /// - Throws: why sampling has become impossible.
  package func next(until deadline: UInt64 = .max) throws -> Outcome? {
    let (windows, hasEnded, failure) = exchange.inbox.withLock { inbox in
      let windows = inbox.intervals.isEmpty ? nil : inbox.intervals.removeFirst()
      return (windows, inbox.hasEnded, inbox.failure)
    }
    if let windows { return .interval(interval(of: windows, until: deadline)) }
    if let failure { throw Failure(description: failure) }
    return hasEnded ? .ended : nil
  }

  private func interval(of windows: [CollectedWindow], until deadline: UInt64) -> TopInterval {
    let tables = windows.map { window in
      var profile = window.profile
      symbolizer.symbolize(&profile, origins: window.origins, until: deadline)
      return TopTable(profile)
    }
    symbolizer.rest()
    // Profiles come and go in large pieces, of which the C library would keep the largest.
    intervalCount += 1
    if intervalCount % Self.intervalsToTrim == 0 { Heap.trim() }
    let facts = windows.first?.profile.facts
    return TopInterval(
      startUnixNanoseconds: facts?.startUnixNanoseconds ?? 0,
      durationNanoseconds: facts?.durationNanoseconds ?? 0, cpus: cpus, tables: tables)
  }

  private static let intervalsToTrim = 30
}
