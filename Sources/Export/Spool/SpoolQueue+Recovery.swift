// What outlives the process, and what comes and goes with the settings.
extension SpoolQueue {
  /// Takes over what was found on disk; everything in memory is younger.
  mutating func recover(_ found: SpoolRecovery) {
    let columns = subscribers.map { found.cursors.names.firstIndex(of: $0.name) }
    var recovered: [Segment] = []
    for var segment in found.segments {
      let done = found.cursors.entries[segment.salt]?.cursors ?? []
      segment.cursors = columns.map { column in
        guard let column, column < done.count else { return 0 }
        return min(segment.records.count, Int(done[column]))
      }
      for (index, subscriber) in subscribers.enumerated() {
        let count = segment.pending(for: index, wanting: subscriber.topics)
        subscribers[index].arrive(count, isRecovered: true)
      }
      recovered.append(segment)
    }
    segments = recovered
    leaving = found.empty
    unreadable = found.unreadable
    nextNumber = max(nextNumber, found.nextNumber)
    damagedRecords += found.damagedRecords
    quarantinedBytes = found.quarantine.bytes
    if let last = recovered.last {
      predecessor = SegmentHeader.Predecessor(
        salt: last.salt, records: UInt32(clamping: last.records.count))
    }
    strangers = CursorFile()
    if !unreadable.isEmpty {
      strangers.names = found.cursors.names
      strangers.entries = found.cursors.entries
      for segment in recovered { strangers.entries[segment.salt] = nil }
    }
    cursorsChanged = true
    retireDone()
  }

  /// Everything that was on disk is gone, the directory too.
  mutating func loseDisk() {
    for index in subscribers.indices {
      for segment in segments {
        let count = segment.pending(for: index, wanting: subscribers[index].topics)
        subscribers[index].drop(count, .damaged)
      }
    }
    segments = []
    leaving = []
    unreadable = []
    quarantinedBytes = 0
  }

  /// What the cursors' file is to hold.
  func cursorFile() -> CursorFile {
    var file = CursorFile()
    file.names = subscribers.map(\.name)
    let columns = file.names.map { strangers.names.firstIndex(of: $0) }
    for (salt, entry) in strangers.entries {
      file.entries[salt] = CursorFile.Entry(
        damaged: entry.damaged, cursors: columns.map { $0.map { entry.cursors[$0] } ?? 0 })
    }
    for segment in segments where segment.damaged > 0 || segment.cursors.contains(where: { $0 > 0 })
    {
      file.entries[segment.salt] = CursorFile.Entry(
        damaged: segment.damaged, cursors: segment.cursors.map { UInt32(clamping: $0) })
    }
    for gone in leaving {
      guard let salt = gone.salt else { continue }
      file.entries[salt] = CursorFile.Entry(damaged: 0, cursors: columns.map { _ in .max })
    }
    return file
  }

  /// Changes who wants what.
  ///
  /// A new destination is given everything that is still here; one that is gone is forgotten.
  mutating func setDestinations(_ wanted: [(name: String, topics: TopicSet)]) {
    let fresh = SpoolQueue(limits: limits, destinations: wanted).subscribers
    let columns = fresh.map { index(of: $0.name) }
    let topics = fresh.map(\.topics)
    subscribers = zip(fresh, columns).map { new, column in column.map { subscribers[$0] } ?? new }
    let before = zip(subscribers, columns).map { $1 == nil ? TopicSet(rawValue: 0) : $0.topics }
    for place in segments.indices {
      let cursors = segments[place].cursors
      segments[place].cursors = columns.map { $0.map { cursors[$0] } ?? 0 }
    }
    for index in subscribers.indices {
      subscribers[index].topics = topics[index]
      change(index, from: before[index], to: topics[index])
    }
    for place in memory.indices {
      let old = memory[place].pending
      memory[place].pending = 0
      for index in subscribers.indices {
        let column = columns[index].map { UInt64($0) }
        let wasPending = column.map { old >> $0 & 1 == 1 } ?? false
        change(index, of: place, wasPending: wasPending, from: before[index])
      }
    }
    for place in memory.indices.reversed()
    where place >= beingWritten && memory[place].pending == 0 { remove(place) }
    cursorsChanged = true
    retireDone()
  }

  /// Counts what a destination has on disk more or less than before.
  private mutating func change(_ index: Int, from before: TopicSet, to after: TopicSet) {
    for segment in segments {
      let gone = segment.pending(for: index, wanting: before.subtracting(after))
      let new = segment.pending(for: index, wanting: after.subtracting(before))
      subscribers[index].drop(gone, .unsubscribed)
      subscribers[index].arrive(new, isRecovered: true)
    }
  }

  /// The same for one batch in memory.
  private mutating func change(
    _ index: Int, of place: Int, wasPending: Bool, from before: TopicSet
  ) {
    let batch = memory[place].batch
    let isWanted = subscribers[index].topics.contains(batch.topic)
    if wasPending && !isWanted { subscribers[index].drop(BatchCount(batch), .unsubscribed) }
    let isNew = isWanted && !before.contains(batch.topic)
    if isNew { subscribers[index].arrive(BatchCount(batch), isRecovered: true) }
    if isNew || wasPending && isWanted { memory[place].pending |= 1 << UInt64(index) }
  }
}
