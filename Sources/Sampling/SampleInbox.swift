import BPFShared
import LinuxHost
import ProcessTracking

/// Puts the samples of both rings and the processes' events in the order of their times.
final class SampleInbox {
  private let folder: SampleFolder
  private let processes: ProcessTable
  private let events: ProcessEventStream
  private var queue = SampleQueue()
  /// Nanoseconds of `CLOCK_MONOTONIC` until which samples may be folded before the caller has its
  /// turn.
  var turnEnd: UInt64 = 0
  /// The time of the last record that was taken before the caller's turn came.
  ///
  /// More may be left; nil where the rings were emptied.
  private var interruption: UInt64?
  /// Nanoseconds of `CLOCK_MONOTONIC` until which every sample has been folded, but for those that
  /// were on their way to a ring.
  private(set) var foldedUntil: UInt64 = 0

  /// Samples that have come, by kind.
  private(set) var received = [UInt64](repeating: 0, count: Int(SAMPLE_KIND_COUNT.rawValue))
  /// Nanoseconds that passed while samples were folded: of the clock's, and of the others.
  private(set) var passed = (clock: UInt64(0), spans: UInt64(0))

  init(folder: SampleFolder, processes: ProcessTable, events: ProcessEventStream) {
    self.folder = folder
    self.processes = processes
    self.events = events
  }

  /// Takes a record of the small ring, to be folded in its turn.
  ///
  /// - Returns: whether to go on.
  func receiveStack(_ record: RawSpan) -> Bool {
    guard let sample = StackSample(record) else {
      folder.dropMalformed()
      return true
    }
    queue.append(sample)
    if queue.isFull { interrupt(at: sample.header.time) }
    return !queue.isFull
  }

  /// Folds a record of the large ring, after those of the small one that are older.
  ///
  /// - Returns: whether to go on.
  func receiveCopy(_ record: RawSpan) -> Bool {
    guard let sample = RawSample(record) else {
      folder.dropMalformed()
      return true
    }
    foldStacks(until: sample.header.time)
    advance(to: sample.header.time)
    let now = timing(sample.header) { folder.add(sample, of: record) }
    if now < turnEnd { return true }
    interrupt(at: sample.header.time)
    return false
  }

  private func interrupt(at time: UInt64) {
    interruption = min(time, interruption ?? time)
  }

  /// Folds what `drain` takes from the rings.
  ///
  /// - Returns: whether the rings were emptied.
  @discardableResult
  func fold(_ drain: () throws -> Void) rethrows -> Bool {
    let start = Clock.monotonic()
    interruption = nil
    try drain()
    foldStacks(until: UInt64.max)
    foldedUntil = interruption ?? start
    return interruption == nil
  }

  /// Folds the waiting samples up to a time.
  func foldStacks(until time: UInt64) {
    while let sample = queue.take(until: time) {
      advance(to: sample.header.time)
      timing(sample.header) { folder.add(sample) }
    }
  }

  /// Adds up what folding a sample takes.
  ///
  /// - Returns: when it was done.
  @discardableResult
  private func timing(_ header: SampleHeader, _ fold: () -> Void) -> UInt64 {
    let start = Clock.monotonic()
    fold()
    let end = Clock.monotonic()
    let kind = Int(header.kind.rawValue)
    if received.indices.contains(kind) { received[kind] &+= 1 }
    if header.kind == SAMPLE_CPU {
      passed.clock &+= end &- start
    } else {
      passed.spans &+= end &- start
    }
    return end
  }

  func advance(to time: UInt64) { events.advance(to: time) { processes.apply($0) } }
}
