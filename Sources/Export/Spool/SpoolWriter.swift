import Dispatch
import LinuxHost

/// Does all that changes a spool's directory, on a thread of its own, because disks may be slow.
///
/// Batches are appended and synced in groups, then those who wait are told: one `fdatasync` a group,
/// and one `fsync` of the directory for each new segment. After any failure the segment is left as
/// it was and another is begun later, because what a failed sync leaves behind is not known.
struct SpoolWriter: Sendable {
  typealias Opening = @Sendable () throws(FileError) -> any SpoolFiles

  private let core: SpoolCore
  private let open: Opening
  private let limits: SpoolLimits
  private var quarantine: Quarantine
  private var pause: Duration
  private var pauseEnd = DispatchTime(uptimeNanoseconds: 0)
  private var cursorsSaved = DispatchTime(uptimeNanoseconds: 0)
  private var hasRemoved = false

  init(_ core: SpoolCore, limits: SpoolLimits, open: @escaping Opening) {
    self.core = core
    self.open = open
    self.limits = limits
    quarantine = Quarantine(limit: limits.quarantine)
    pause = limits.firstPause
  }

  /// Works until the spool is closed.
  mutating func run() {
    while true {
      let (isUrgent, isClosing) = core.withLock { state in
        defer { state.isUrgent = false }
        return (state.isUrgent, state.isClosing)
      }
      if isUrgent || isClosing || DispatchTime.now() >= pauseEnd {
        core.withLock { $0.isAtDisk = true }
        work(isUrgent: isUrgent || isClosing, isClosing: isClosing)
      }
      core.withLock { state in
        state.isAtDisk = false
        state.cameRound = Clock.monotonic()
      }
      core.withLock { state in
        if isClosing {
          state.files = nil
          state.isClosed = true
        }
        state.signalWaiters()
      }
      guard !isClosing else { return }
      core.wait(until: min(nextDeadline(), .after(Self.longestTurn)))
    }
  }

  /// How often it comes round though there is nothing to do, so that one sees that it does.
  private static let longestTurn = Duration.seconds(2)

  /// Opens the directory and takes over what it holds.
  mutating func openFiles() throws(FileError) {
    let files = try open()
    let found = try SpoolRecovery(files, limits: limits)
    quarantine = found.quarantine
    core.withLock { state in
      state.files = files
      state.queue.recover(found)
      state.readProblem = found.problem?.description
    }
  }

  /// Lets the disk alone for a while.
  mutating func rest(after failure: FileError) {
    pauseEnd = .after(pause)
    pause = min(pause * 2, limits.longestPause)
    core.withLock { state in
      state.writeProblem = failure.description
      state.isStalled = false
      for place in state.queue.memory.indices {
        state.queue.memory[place].ticket?.resolve(.memory)
        state.queue.memory[place].ticket = nil
      }
    }
  }

  private mutating func work(isUrgent: Bool, isClosing: Bool) {
    do throws(FileError) {
      if core.withLock({ $0.files == nil }) { try openFiles() }
      guard let files = core.withLock({ $0.files }) else { return }
      try removeFiles(in: files)
      // On a disk that is nearly full one batch may find room where many do not.
      let limit: Int = core.withLock { $0.writeProblem == nil ? .max : 1 }
      while let plan = core.withLock({ $0.queue.planWriting(atMost: limit) }) {
        try write(plan, to: files)
      }
      setAsideDamage(in: files)
      if isClosing {
        core.withLock { $0.queue.retireDone(closing: true) }
        try removeFiles(in: files)
      }
      try saveCursors(to: files, isDue: isUrgent || DispatchTime.now() >= cursorsDue)
      pause = limits.firstPause
      pauseEnd = DispatchTime(uptimeNanoseconds: 0)
      core.withLock { state in
        state.writeProblem = nil
        state.isStalled = false
      }
    } catch {
      rest(after: error)
    }
  }

  private var cursorsDue: DispatchTime { cursorsSaved.later(by: limits.cursorInterval) }

  private func nextDeadline() -> DispatchTime {
    core.withLock { state in
      if state.writeProblem != nil { return pauseEnd }
      // Came while the disk was believed to be broken still, so that nobody has rung.
      if !state.queue.memory.isEmpty { return .now() }
      return state.queue.cursorsChanged ? cursorsDue : .distantFuture
    }
  }
}

// MARK: Batches

extension SpoolWriter {
  private mutating func write(_ plan: SpoolQueue.WritePlan, to files: any SpoolFiles)
    throws(FileError)
  {
    let isNew = plan.header != nil
    let file: any SpoolFile
    do throws(FileError) {
      // The plan counts on the room of those that it drops.
      try removeFiles(in: files)
      file = try files.openFile(plan.file, isNew ? .new : .existing)
    } catch {
      core.withLock { $0.queue.abandon(plan, leaving: isNew ? nil : plan.start) }
      // The directory was removed under our feet.
      if isNew, error.isMissing { loseDisk() }
      throw error
    }
    do throws(FileError) {
      try Self.append(plan, to: file)
      try file.sync()
      if isNew { try files.sync() }
    } catch {
      let left = Self.undo(plan, file, in: files)
      core.withLock { $0.queue.abandon(plan, leaving: left) }
      throw error
    }
    core.withLock { state in
      state.queue.commit(plan)
      state.isStalled = false
    }
  }

  private static func append(_ plan: SpoolQueue.WritePlan, to file: any SpoolFile)
    throws(FileError)
  {
    if let header = plan.header { try file.writeAll(header.bytes) }
    for (place, batch) in plan.batches.enumerated() {
      let header = RecordHeader(batch, index: UInt64(plan.firstIndex + place))
      try file.writeAll(header.bytes(salt: plan.salt) + batch.head)
      try file.writeAll(batch.body)
    }
  }

  /// Leaves a segment as it was before.
  ///
  /// - Returns: the bytes of what is left, nil if there is no file any more.
  private static func undo(
    _ plan: SpoolQueue.WritePlan, _ file: any SpoolFile, in files: any SpoolFiles
  ) -> UInt64? {
    let isNew = plan.header != nil
    do throws(FileError) {
      try file.truncate(to: isNew ? 0 : plan.start)
      guard isNew else { return plan.start }
      try files.remove(plan.file)
      return nil
    } catch {
      return plan.end
    }
  }

  private func loseDisk() {
    core.withLock { state in
      state.files = nil
      state.queue.loseDisk()
    }
  }
}

// MARK: Everything else

extension SpoolWriter {
  /// Removes files that hold nothing any more.
  private mutating func removeFiles(in files: any SpoolFiles) throws(FileError) {
    for file in core.withLock({ $0.queue.leaving }) {
      do throws(FileError) {
        try files.remove(file.name)
      } catch {
        guard error.isMissing else { throw error }
      }
      hasRemoved = true
      core.withLock { $0.queue.forget(file) }
    }
  }

  /// Keeps the bytes of records that were found damaged when they were to be sent.
  private mutating func setAsideDamage(in files: any SpoolFiles) {
    let damage = core.withLock { state in
      defer { state.damage = [] }
      return state.damage
    }
    for item in damage {
      let count = RecordHeader.byteCount + Int(item.record.bytes)
      let offset = Int(item.record.offset)
      let bytes = try? files.read(
        Segment.name(item.number), at: UInt64(offset), count: count)
      let isNew = quarantine.keep((bytes ?? [])[...], of: item.number, at: offset, in: files)
      core.withLock { state in
        state.queue.quarantinedBytes = quarantine.bytes
        guard isNew else { return }
        state.queue.damagedRecords += 1
        guard let place = state.queue.segments.firstIndex(where: { $0.salt == item.salt })
        else { return }
        state.queue.segments[place].damaged += 1
        state.queue.cursorsChanged = true
      }
    }
  }

  /// Writes who is done with what: a file beside the old one, which then takes its name.
  private mutating func saveCursors(to files: any SpoolFiles, isDue: Bool) throws(FileError) {
    let contents: CursorFile? = core.withLock { state in
      guard isDue, state.queue.cursorsChanged else { return nil }
      state.queue.cursorsChanged = false
      return state.queue.cursorFile()
    }
    guard let bytes = contents?.bytes else { return }
    cursorsSaved = .now()
    do throws(FileError) {
      // Else a file that is gone could come back after a loss of power, and nobody would know
      // that it is done with.
      if hasRemoved { try files.sync() }
      hasRemoved = false
      let file = try files.openFile(CursorFile.temporaryName, .emptied)
      try file.writeAll(bytes)
      try file.sync()
      try files.rename(CursorFile.temporaryName, to: CursorFile.name)
      core.withLock { $0.queue.cursorFileBytes = UInt64(bytes.count) }
    } catch {
      core.withLock { $0.queue.cursorsChanged = true }
      throw error
    }
  }
}
