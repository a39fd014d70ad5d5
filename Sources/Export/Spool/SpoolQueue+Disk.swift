// How batches come to the disk.
extension SpoolQueue {
  /// What is to be written next: some batches into one segment.
  struct WritePlan {
    let batches: [Batch]
    let number: UInt64
    let salt: UInt64
    /// Index of the first batch in the segment.
    let firstIndex: Int
    /// Bytes of the segment before.
    let start: UInt64
    /// Where each batch will begin.
    let offsets: [UInt32]
    /// Bytes of the segment afterwards.
    let end: UInt64
    /// Of a segment that is to be made; nil for one that is there.
    let header: SegmentHeader?

    var file: String { Segment.name(number) }
  }

  /// Chooses what is written next, and drops the oldest segments where that needs room.
  ///
  /// - Parameter limit: batches at most.
  /// - Returns: nil if nothing waits. Else `commit` or `abandon` must follow.
  mutating func planWriting(atMost limit: Int = .max) -> WritePlan? {
    guard let first = memory.first else { return nil }
    let firstBytes = Self.recordBytes(first.batch)
    makeRoom(for: firstBytes)
    let open = segments.last.flatMap { last in
      last.isOpen && last.bytes + firstBytes <= limits.segment ? last : nil
    }
    if open == nil, let last = segments.indices.last, segments[last].isOpen {
      segments[last].isOpen = false
      retireIfDone(last)
    }
    let start = open?.bytes ?? UInt64(SegmentHeader.byteCount)
    var batches: [Batch] = []
    var offsets: [UInt32] = []
    var end = start
    for waiting in memory.prefix(limit) {
      let bytes = Self.recordBytes(waiting.batch)
      let room = max(limits.segment, start + firstBytes)
      guard batches.isEmpty || end + bytes <= room, let offset = UInt32(exactly: end) else { break }
      guard batches.isEmpty || hasRoom(for: end + bytes - start) else { break }
      batches.append(waiting.batch)
      offsets.append(offset)
      end += bytes
    }
    beingWritten = batches.count
    let header = SegmentHeader(salt: .random(in: 1 ... .max), predecessor: predecessor)
    if open == nil { nextNumber += 1 }
    return WritePlan(
      batches: batches, number: open?.number ?? nextNumber - 1,
      salt: open?.salt ?? header.salt,
      firstIndex: open?.records.count ?? 0, start: start, offsets: offsets, end: end,
      header: open == nil ? header : nil)
  }

  private static func recordBytes(_ batch: Batch) -> UInt64 {
    UInt64(RecordHeader.byteCount) + batch.byteCount
  }

  /// The batches of a plan are on disk, and durable.
  mutating func commit(_ plan: WritePlan) {
    beingWritten = 0
    if plan.header != nil { segments.append(newSegment(plan)) }
    guard let place = segments.lastIndex(where: { $0.salt == plan.salt }) else { return }
    segments[place].bytes = plan.end
    for (waiting, offset) in zip(memory, plan.offsets) {
      memoryBytes -= waiting.cost
      settle(waiting, at: offset, in: place)
      waiting.ticket?.resolve(.durable)
    }
    memory.removeFirst(plan.offsets.count)
    predecessor = SegmentHeader.Predecessor(
      salt: plan.salt, records: UInt32(clamping: segments[place].records.count))
  }

  private func newSegment(_ plan: WritePlan) -> Segment {
    var segment = Segment(
      number: plan.number, salt: plan.salt, bytes: plan.end,
      cursors: subscribers.map { _ in 0 })
    segment.isOpen = true
    return segment
  }

  /// Moves one batch from memory to a segment, for everybody who waits for it.
  private mutating func settle(_ waiting: Waiting, at offset: UInt32, in place: Int) {
    let batch = waiting.batch
    let index = segments[place].records.count
    let record = Segment.Record(
      offset: offset, bytes: UInt32(clamping: batch.byteCount), items: batch.items,
      createdUnixSeconds: UInt32(clamping: batch.createdUnixNanoseconds / 1_000_000_000),
      topic: batch.topic.rawValue)
    segments[place].records.append(record)
    for destination in subscribers.indices {
      let topics = subscribers[destination].topics
      if case .memory(waiting.serial) = subscribers[destination].given?.position {
        subscribers[destination].given?.position = .disk(salt: segments[place].salt, index: index)
      }
      guard waiting.pending >> UInt64(destination) & 1 == 0, topics.contains(batch.topic)
      else { continue }
      // It was sent from memory already.
      segments[place].skip(destination, wanting: topics)
      if segments[place].cursors[destination] == index {
        segments[place].cursors[destination] = index + 1
        cursorsChanged = true
      } else {
        // New topics have put older batches before it since: it is sent again.
        subscribers[destination].arrive(record.count, isRecovered: true)
      }
    }
  }

  /// A plan failed: its batches stay in memory, and its segment is not appended to any more.
  ///
  /// - Parameters:
  ///   - plan: the one that failed.
  ///   - bytes: of the file that is left, nil if there is none.
  mutating func abandon(_ plan: WritePlan, leaving bytes: UInt64?) {
    beingWritten = 0
    // Some may have been sent meanwhile.
    for place in memory.indices.reversed() where memory[place].pending == 0 { remove(place) }
    if let place = segments.lastIndex(where: { $0.salt == plan.salt }) {
      segments[place].isOpen = false
      segments[place].bytes = bytes ?? plan.start
    } else if let bytes {
      leaving.append(File(number: plan.number, salt: plan.salt, bytes: bytes))
      cursorsChanged = true
    }
    retireDone()
  }

  private func hasRoom(for bytes: UInt64) -> Bool {
    keptBytes + Self.blocks(bytes + UInt64(SegmentHeader.byteCount)) + 4_096 <= limits.quota
      && segments.count < limits.segments
      && segments.reduce(0, { $0 + $1.records.count }) < limits.records
  }

  /// Drops the oldest segments until so many bytes fit.
  private mutating func makeRoom(for bytes: UInt64) {
    while !hasRoom(for: bytes) {
      if let first = unreadable.first, first.number < segments.first?.number ?? .max {
        leaving.append(unreadable.removeFirst())
        damagedRecords += 1
      } else if !segments.isEmpty {
        dropOldest()
      } else {
        return
      }
    }
  }

  private mutating func dropOldest() {
    for index in subscribers.indices {
      let count = segments[0].pending(for: index, wanting: subscribers[index].topics)
      subscribers[index].drop(count, .quota)
    }
    retire(0)
  }

  /// A file is gone.
  mutating func forget(_ file: File) {
    leaving.removeAll { $0.number == file.number }
    cursorsChanged = true
  }
}
