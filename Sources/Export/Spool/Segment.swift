/// What is known of a file of batches: where each begins, and who is done with which.
struct Segment {
  /// Where a batch lies; 20 bytes, because there may be very many.
  struct Record: Hashable {
    /// Of its header, in bytes from the start of the file.
    var offset: UInt32
    /// Bytes of head and body.
    var bytes: UInt32
    var items: UInt32
    /// When it was made, in seconds since 1970-01-01 UTC.
    var createdUnixSeconds: UInt32
    var topic: UInt8
    /// It was damaged when the file was read first: keeps the place, so that indices stay.
    var isLost = false

    /// A place where there was a batch.
    static let lost = Record(
      offset: 0, bytes: 0, items: 0, createdUnixSeconds: 0, topic: 0, isLost: true)

    var count: BatchCount { BatchCount(records: 1, bytes: UInt64(bytes), items: UInt64(items)) }

    func isWanted(by topics: TopicSet) -> Bool {
      !isLost && topics.rawValue >> UInt64(topic & 63) & 1 == 1
    }
  }

  /// In the name of its file; a later segment has a higher one.
  let number: UInt64
  let salt: UInt64
  /// Of the file.
  var bytes: UInt64
  var records: [Record] = []
  /// For each destination the index of the first record that it is not done with.
  var cursors: [Int]
  /// Records that were found damaged, and have been counted.
  var damaged: UInt32 = 0
  /// It may be appended to.
  var isOpen = false

  /// Such as `segment-0000000000000012`.
  var name: String { Self.name(number) }

  static func name(_ number: UInt64) -> String {
    let digits = String(number)
    return prefix + String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
  }

  /// Nil for a file that is no segment.
  static func number(of name: String) -> UInt64? {
    guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + digitCount else {
      return nil
    }
    let digits = name.dropFirst(prefix.count)
    return digits.utf8.allSatisfy { (48...57).contains($0) } ? UInt64(digits) : nil
  }

  private static let prefix = "segment-"
  private static let digitCount = 16

  /// Moves a destination's cursor past what it does not want.
  mutating func skip(_ destination: Int, wanting topics: TopicSet) {
    var cursor = cursors[destination]
    while cursor < records.count, !records[cursor].isWanted(by: topics) { cursor += 1 }
    cursors[destination] = cursor
  }

  /// What a destination is not done with.
  func pending(for destination: Int, wanting topics: TopicSet) -> BatchCount {
    var count = BatchCount()
    for record in records[cursors[destination]...] where record.isWanted(by: topics) {
      count += record.count
    }
    return count
  }

  /// The first record that a destination is not done with.
  func oldest(for destination: Int, wanting topics: TopicSet) -> Record? {
    records[cursors[destination]...].first { $0.isWanted(by: topics) }
  }

  /// Everybody is done with everything in it.
  var isDone: Bool { cursors.allSatisfy { $0 >= records.count } }
}
