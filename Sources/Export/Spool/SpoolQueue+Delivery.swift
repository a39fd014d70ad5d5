// What a destination is given, and what it says of it.
extension SpoolQueue {
  enum Oldest {
    case memory(Batch, serial: UInt64)
    /// The segment with this number holds it.
    case disk(number: UInt64, salt: UInt64, index: Int, Segment.Record)

    var position: SpoolSubscriber.Position {
      switch self {
      case .memory(_, let serial): .memory(serial: serial)
      case .disk(_, let salt, let index, _): .disk(salt: salt, index: index)
      }
    }
  }

  /// The oldest batch that a destination is not done with.
  mutating func oldest(for destination: Int) -> Oldest? {
    let topics = subscribers[destination].topics
    for place in segments.indices {
      segments[place].skip(destination, wanting: topics)
      let segment = segments[place]
      let cursor = segment.cursors[destination]
      guard cursor < segment.records.count else { continue }
      return .disk(
        number: segment.number, salt: segment.salt, index: cursor, segment.records[cursor])
    }
    let bit: UInt64 = 1 << UInt64(destination)
    return memory.first { $0.pending & bit != 0 }.map { .memory($0.batch, serial: $0.serial) }
  }

  /// Remembers what a destination was given, if that is still the oldest.
  mutating func give(_ id: BatchID, at position: SpoolSubscriber.Position, to destination: Int)
    -> Bool
  {
    guard oldest(for: destination)?.position == position else { return false }
    subscribers[destination].given = (id, position)
    subscribers[destination].failedReads = nil
    return true
  }

  /// A destination is done with the batch that it was given last.
  ///
  /// - Parameters:
  ///   - id: of that batch.
  ///   - destination: its index.
  ///   - reason: why it was not sent; nil if it was.
  /// - Returns: false if it is not the batch that it was given last, or had to make room since.
  mutating func finish(_ id: BatchID, by destination: Int, dropped reason: SpoolDropReason?)
    -> Bool
  {
    guard let given = subscribers[destination].given, given.id == id else { return false }
    subscribers[destination].given = nil
    return leave(given.position, by: destination, dropped: reason)
  }

  /// A destination leaves a batch behind.
  @discardableResult
  mutating func leave(
    _ position: SpoolSubscriber.Position, by destination: Int, dropped reason: SpoolDropReason?
  ) -> Bool {
    let count: BatchCount
    switch position {
    case .memory(let serial):
      let bit: UInt64 = 1 << UInt64(destination)
      guard let place = memory.firstIndex(where: { $0.serial == serial }),
        memory[place].pending & bit != 0
      else { return false }
      count = BatchCount(memory[place].batch)
      memory[place].pending &= ~bit
      if memory[place].pending == 0, place >= beingWritten {
        remove(place)
      }
    case .disk(let salt, let index):
      guard let place = segments.firstIndex(where: { $0.salt == salt }),
        segments[place].cursors[destination] == index, index < segments[place].records.count
      else { return false }
      count = segments[place].records[index].count
      segments[place].cursors[destination] = index + 1
      cursorsChanged = true
      retireIfDone(place)
    }
    if let reason {
      subscribers[destination].drop(count, reason)
    } else {
      subscribers[destination].send(count)
    }
    return true
  }

  /// Everybody is done with a batch in memory.
  mutating func remove(_ place: Int) {
    let waiting = memory.remove(at: place)
    memoryBytes -= waiting.cost
    waiting.ticket?.resolve(.memory)
  }

  /// The disk did not give back the bytes of the oldest batch of a destination.
  ///
  /// - Returns: true if it was given up, so that there is another oldest one.
  mutating func failToRead(_ position: SpoolSubscriber.Position, for destination: Int) -> Bool {
    let before = subscribers[destination].failedReads
    let count = before?.position == position ? (before?.count ?? 0) + 1 : 1
    guard count >= Self.readLimit else {
      subscribers[destination].failedReads = (position, count)
      return false
    }
    subscribers[destination].failedReads = nil
    return leave(position, by: destination, dropped: .damaged)
  }

  /// How often a disk may say that it cannot read before it is believed.
  private static let readLimit = 3

  /// Has a segment leave the disk if everybody is done with it.
  mutating func retireIfDone(_ place: Int) {
    for (index, subscriber) in subscribers.enumerated() {
      segments[place].skip(index, wanting: subscriber.topics)
    }
    guard segments[place].isDone, !segments[place].isOpen else { return }
    retire(place)
  }

  /// Has all segments leave the disk that everybody is done with.
  ///
  /// - Parameter closing: the one too that may still be appended to.
  mutating func retireDone(closing: Bool = false) {
    for place in segments.indices.reversed() {
      if closing { segments[place].isOpen = false }
      retireIfDone(place)
    }
  }

  /// Has a segment leave the disk; nothing is counted.
  mutating func retire(_ place: Int) {
    let segment = segments.remove(at: place)
    leaving.append(File(number: segment.number, salt: segment.salt, bytes: segment.bytes))
    cursorsChanged = true
  }
}
