import Dispatch
package import LinuxHost

/// The queue on disk that every encoded batch passes through on its way to its destinations.
///
/// Batches are appended to segments, files of some megabytes, with a checksum each; a thread of the
/// spool's own writes and syncs them. Each destination works off its own queue: it is given the
/// oldest batch that it is not done with until it acknowledges or drops it. A batch leaves the disk,
/// with its segment, when all destinations that want its topic are done with it, or when the quota
/// needs the room, the oldest first.
///
/// While the disk cannot be written, batches wait in memory, and the disk is tried again by itself.
/// After a crash, what was acknowledged in the last second may be given out again, with the same id.
/// All methods may be called from any thread.
package final class Spool: Sendable {
  private let core: SpoolCore
  private let limits: SpoolLimits

  /// Opens a spool and takes over what earlier processes have left in it.
  ///
  /// That the directory is damaged, or cannot be used, is no error: `figures` has the problem.
  ///
  /// - Parameters:
  ///   - directory: made if it is not there, with the one that it lies in.
  ///   - limits: what it may take.
  ///   - destinations: their names, and what they want; 64 at most.
  /// - Throws: only if another process holds the directory.
  package convenience init(
    directory: String, limits: SpoolLimits = SpoolLimits(),
    destinations: [(name: String, topics: TopicSet)]
  ) throws(FileError) {
    try self.init(limits: limits, destinations: destinations) { () throws(FileError) in
      try JournalDirectory(directory)
    }
  }

  /// - Parameters:
  ///   - limits: what it may take.
  ///   - destinations: their names, and what they want.
  ///   - open: opens the directory, and does so again after it failed.
  /// - Throws: only if another process holds the directory.
  init(
    limits: SpoolLimits, destinations: [(name: String, topics: TopicSet)],
    open: @escaping SpoolWriter.Opening
  ) throws(FileError) {
    self.limits = limits
    let core = SpoolCore(SpoolQueue(limits: limits, destinations: destinations))
    self.core = core
    var writer = SpoolWriter(core, limits: limits, open: open)
    do throws(FileError) {
      try writer.openFiles()
    } catch {
      guard !error.isHeldByAnother else { throw error }
      writer.rest(after: error)
    }
    let ready = writer
    let thread = WorkerThread(name: "spool", niceness: 0) {
      var writer = ready
      writer.run()
    }
    guard thread == nil else { return }
    core.withLock { state in
      state.isClosed = true
      state.writeProblem = "cannot start the spool's thread (allow wick more tasks)"
    }
  }

  deinit {
    core.withLock { $0.isClosing = true }
    core.wake()
  }

  /// Takes a batch for all destinations that want its topic.
  ///
  /// Waits until it is durable, but no longer than the limits' `patience`, and not at all while the
  /// disk cannot be written or is known to be slow.
  @discardableResult
  package func append(_ batch: Batch) -> SpoolOutcome {
    let (admission, isWorking, isAwaited) = core.withLock { state in
      let isWorking = state.writeProblem == nil && !state.isClosed
      return (state.queue.append(batch), isWorking, isWorking && !state.isStalled)
    }
    switch admission {
    case .unwanted: return .unwanted
    case .dropped(let reason): return .dropped(reason)
    case .waiting(let ticket):
      if isWorking { core.wake() }
      guard isAwaited else { return .memory }
      if let outcome = ticket.wait(limits.patience) { return outcome }
      return core.withLock { state in
        state.isStalled = state.isStalled || ticket.answer == nil
        return ticket.answer ?? .memory
      }
    }
  }

  /// A destination is done with the batch that it was given last.
  ///
  /// - Returns: false if it is another one, or had to make room since: then it counts as dropped.
  @discardableResult
  package func acknowledge(_ id: BatchID, by destination: String) -> Bool {
    finish(id, by: destination, dropped: nil)
  }

  /// A destination will never take the batch that it was given last.
  @discardableResult
  package func drop(_ id: BatchID, by destination: String, reason: SpoolDropReason = .refused)
    -> Bool
  {
    finish(id, by: destination, dropped: reason)
  }

  private func finish(_ id: BatchID, by destination: String, dropped reason: SpoolDropReason?)
    -> Bool
  {
    let (isDone, isWorth) = core.withLock { state in
      guard let index = state.queue.index(of: destination) else { return (false, false) }
      let isDone = state.queue.finish(id, by: index, dropped: reason)
      return (isDone, state.writeProblem == nil)
    }
    if isDone && isWorth { core.wake() }
    return isDone
  }

  /// Changes the destinations, and what they want.
  ///
  /// A new one is given everything that is still there; one that is gone is forgotten, its counts too,
  /// and what nobody wants any more leaves.
  package func setDestinations(_ destinations: [(name: String, topics: TopicSet)]) {
    core.withLock { $0.queue.setDestinations(destinations) }
    core.wake()
  }

  /// For how long the thread that writes has not come round though it is not at the disk: a disk that
  /// does not answer is no fault of the thread.
  package var silence: Duration {
    core.withLock { state in
      let now = Clock.monotonic()
      guard !state.isAtDisk, !state.isClosed, now > state.cameRound else { return .zero }
      return .nanoseconds(Int64(clamping: now - state.cameRound))
    }
  }

  package var figures: SpoolFigures {
    core.withLock { state in
      var figures = state.queue.figures
      figures.problem = state.writeProblem ?? state.readProblem
      return figures
    }
  }

  /// Has everything written that can be, who is done with what included.
  ///
  /// - Returns: false if something could not be written, or not in time.
  @discardableResult
  package func flush(within limit: Duration = .seconds(2)) -> Bool {
    let deadline = DispatchTime.after(limit)
    let waiter = DispatchSemaphore(value: 0)
    while true {
      let isWritten: Bool? = core.withLock { state in
        let isWritten =
          state.queue.memory.isEmpty && state.queue.leaving.isEmpty && !state.queue.cursorsChanged
        guard !isWritten, !state.isClosed else { return isWritten }
        state.isUrgent = true
        state.waiters.append(waiter)
        return nil
      }
      if let isWritten { return isWritten }
      core.wake()
      guard waiter.wait(timeout: deadline) == .success else { return false }
      if core.withLock({ $0.writeProblem != nil }) { return false }
    }
  }

  /// Writes what can be written and lets go of the directory.
  ///
  /// - Returns: false if that was not possible in time; what is not durable then is lost.
  @discardableResult
  package func close(within limit: Duration = .seconds(2)) -> Bool {
    let deadline = DispatchTime.after(limit)
    let waiter = DispatchSemaphore(value: 0)
    while true {
      let isClosed = core.withLock { state in
        state.isClosing = true
        state.waiters.append(waiter)
        return state.isClosed
      }
      if isClosed { return core.withLock { $0.queue.memory.isEmpty } }
      core.wake()
      guard waiter.wait(timeout: deadline) == .success else { return false }
    }
  }
}

// MARK: Delivery

extension Spool {
  /// The oldest batch that a destination is not done with; the same one until it is.
  ///
  /// Reads from disk, so it may take a disk's time. A batch whose bytes are damaged is dropped, counted
  /// and set aside.
  /// - Returns: nil if there is none, or the disk does not give it back at the moment.
  package func next(for destination: String) -> Batch? {
    while true {
      let found = core.withLock { $0.oldest(for: destination) }
      guard let found else { return nil }
      switch found.oldest {
      case .memory(let batch, _): return batch
      case .disk(let number, let salt, _, let record):
        guard let files = found.files else { return nil }
        let reading = SpoolReading(record, of: number, salt: salt, in: files)
        if case .whole(let batch) = reading {
          let isGiven = core.withLock { state in
            state.readProblem = nil
            return state.give(batch.id, at: found.oldest.position, to: destination)
          }
          if isGiven { return batch }
        } else if !core.withLock({ $0.fail(reading, of: found.oldest, for: destination) }) {
          return nil
        }
        core.wake()
      }
    }
  }
}
