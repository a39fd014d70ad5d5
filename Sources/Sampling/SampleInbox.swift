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
  /// Records were left in a ring, because the caller's turn came first.
  var wasInterrupted = false
  /// Nanoseconds of `CLOCK_MONOTONIC` until which every record has been taken from the rings.
  var drainedAt: UInt64 = 0

  init(folder: SampleFolder, processes: ProcessTable, events: ProcessEventStream) {
    self.folder = folder
    self.processes = processes
    self.events = events
  }

  /// Takes a record of the small ring, to be folded in its turn.
  ///
  /// - Returns: whether to go on.
  func receiveStack(_ record: RawSpan) -> Bool {
    if let sample = StackSample(record) {
      queue.append(sample)
    } else {
      folder.dropMalformed()
    }
    if queue.isFull { wasInterrupted = true }
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
    folder.add(sample, of: record)
    if Clock.monotonic() < turnEnd { return true }
    wasInterrupted = true
    return false
  }

  /// Folds the waiting samples up to a time.
  func foldStacks(until time: UInt64) {
    while let sample = queue.take(until: time) {
      advance(to: sample.header.time)
      folder.add(sample)
    }
  }

  func advance(to time: UInt64) { events.advance(to: time) { processes.apply($0) } }
}
