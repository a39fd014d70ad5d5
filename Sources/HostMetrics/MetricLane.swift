import Dispatch
import LinuxHost
import MetricModel
import Synchronization

/// Runs collectors one after the other on a thread, while somebody watches the clock.
final class MetricLane: Sendable {
  struct Result: Sendable {
    let batch: MetricBatch
    let succeeded: Bool
    let seconds: Double
  }

  private struct State {
    var results: [(Int, Result)] = []
    /// The collector that runs and when it began, by the monotonic clock.
    var current: (index: Int, start: UInt64)?
    /// Nobody waits for the rest any more.
    var isAbandoned = false
    var hasEnded = false
    var thread: WorkerThread?
  }

  private let collectors: [(Int, any Collector)]
  private let files: HostFiles
  private let seriesLimit: Int
  private let countedSince: UInt64
  private let timeUnixNanoseconds: UInt64
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - collectors: with their numbers.
  ///   - files: what they read.
  ///   - batch: whose limits their batches have.
  init(_ collectors: [(Int, any Collector)], _ files: HostFiles, like batch: MetricBatch) {
    self.collectors = collectors
    self.files = files
    seriesLimit = batch.seriesLimit
    countedSince = batch.countedSince
    timeUnixNanoseconds = batch.timeUnixNanoseconds
  }

  /// Runs them.
  ///
  /// - Parameters:
  ///   - end: when to stop waiting, by the monotonic clock.
  ///   - limit: nanoseconds that one may take.
  /// - Returns: the number of the collector that has not come back; nil if all have.
  func run(until end: UInt64, each limit: UInt64) -> Int? {
    guard let thread = WorkerThread(name: "wick-collect", niceness: 0, body: { self.work() }) else {
      // No room for a thread: then without a watch.
      work()
      return nil
    }
    state.withLock { $0.thread = thread }
    while true {
      let now = Clock.monotonic()
      let current = state.withLock { $0.current }
      let stop = min(end, current.map { $0.start &+ limit } ?? end)
      if now >= stop, let index = abandon() { return index }
      let pause = Int(clamping: stop > now ? min(stop - now, limit) : 1_000_000)
      if ended.wait(timeout: .now() + .nanoseconds(pause)) == .success {
        _ = joinIfEnded()
        return nil
      }
    }
  }

  /// What they have told, once.
  func takeResults() -> [(Int, Result)] {
    state.withLock { state in
      defer { state.results = [] }
      return state.results
    }
  }

  /// Lets go of the thread if it has returned.
  func joinIfEnded() -> Bool {
    let thread = state.withLock { state -> WorkerThread? in
      guard state.hasEnded else { return nil }
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
    return thread != nil
  }

  /// Gives up on the collector that runs; nil if none does.
  private func abandon() -> Int? {
    state.withLock { state in
      guard let current = state.current, !state.hasEnded else { return nil }
      state.isAbandoned = true
      return current.index
    }
  }

  private func work() {
    for (index, collector) in collectors {
      let start = Clock.monotonic()
      let goesOn = state.withLock { state in
        state.current = (index, start)
        return !state.isAbandoned
      }
      guard goesOn else { break }
      var batch = MetricBatch(
        seriesLimit: seriesLimit, timeUnixNanoseconds: timeUnixNanoseconds,
        countedSince: countedSince)
      let succeeded = collector.collect(from: files, into: &batch)
      let seconds = Double(Clock.monotonic() &- start) / 1_000_000_000
      let result = Result(batch: batch, succeeded: succeeded, seconds: seconds)
      state.withLock { state in
        if !state.isAbandoned { state.results.append((index, result)) }
        state.current = nil
      }
    }
    state.withLock { $0.hasEnded = true }
    ended.signal()
  }
}
