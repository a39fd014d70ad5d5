import Dispatch
import LinuxHost
import Synchronization

/// What the callers of a spool and its writer share.
final class SpoolCore: Sendable {
  struct State {
    var queue: SpoolQueue
    /// Nil while the directory cannot be used.
    var files: (any SpoolFiles)?
    /// Records whose bytes were not those that had been written.
    var damage: [Damage] = []
    /// Why nothing can be written at the moment.
    var writeProblem: String?
    /// Why something could not be read the last time.
    var readProblem: String?
    /// The writer has not answered in time, and is not waited for until it does.
    var isStalled = false
    /// The writer shall try at once, and leave nothing undone.
    var isUrgent = false
    var isClosing = false
    /// Nobody writes any more.
    var isClosed = false
    /// When the writer last came round, and whether it is at the disk since then, which may be slow.
    var cameRound = Clock.monotonic()
    var isAtDisk = false
    /// Whoever waits for the writer to have tried.
    var waiters: [DispatchSemaphore] = []

    mutating func signalWaiters() {
      for waiter in waiters { waiter.signal() }
      waiters = []
    }
  }

  /// A record to be set aside.
  struct Damage {
    let number: UInt64
    let salt: UInt64
    let record: Segment.Record
  }

  private let state: Mutex<State>
  private let wakeUp = DispatchSemaphore(value: 0)

  init(_ queue: sending SpoolQueue) { state = Mutex(State(queue: queue)) }

  func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending State) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try state.withLock(body)
  }

  /// Has the writer look what there is to do.
  func wake() { wakeUp.signal() }

  /// Waits until there may be something to do.
  func wait(until deadline: DispatchTime) { _ = wakeUp.wait(timeout: deadline) }
}

// MARK: Delivery

extension SpoolCore.State {
  /// The oldest batch that a destination is not done with, and where to read it; one in memory is
  /// given to it at once.
  mutating func oldest(for destination: String) -> (
    oldest: SpoolQueue.Oldest, files: (any SpoolFiles)?
  )? {
    guard let index = queue.index(of: destination), let oldest = queue.oldest(for: index)
    else { return nil }
    if case .memory(let batch, _) = oldest {
      _ = queue.give(batch.id, at: oldest.position, to: index)
    }
    return (oldest, files)
  }

  mutating func give(
    _ id: BatchID, at position: SpoolSubscriber.Position, to destination: String
  ) -> Bool {
    guard let index = queue.index(of: destination) else { return false }
    return queue.give(id, at: position, to: index)
  }

  /// A batch could not be read.
  ///
  /// - Returns: true if there may be another one.
  mutating func fail(
    _ reading: SpoolReading, of oldest: SpoolQueue.Oldest, for destination: String
  ) -> Bool {
    guard let index = queue.index(of: destination) else { return false }
    switch reading {
    case .whole: return true
    case .damaged:
      guard queue.leave(oldest.position, by: index, dropped: .damaged) else { return true }
      if case .disk(let number, let salt, _, let record) = oldest, damage.count < Self.damageLimit {
        damage.append(SpoolCore.Damage(number: number, salt: salt, record: record))
      }
      return true
    case .failed(let failure):
      readProblem = failure.description
      return failure.isMediumError && queue.failToRead(oldest.position, for: index)
    }
  }

  private static let damageLimit = 1_024
}
