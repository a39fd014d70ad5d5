/// What is found in a segment, whatever has happened to it.
struct SegmentScan {
  /// Nil if both copies are damaged: then nothing after them can be told either.
  private(set) var header: SegmentHeader?
  /// With a place for each that is damaged, unless nothing good comes after it.
  private(set) var records: [Segment.Record] = []
  /// Bytes that are no record.
  private(set) var damage: [Range<Int>] = []
  /// The last of the damage reaches to the end, and nobody knows how many records it was.
  private(set) var isCut = false

  /// - Parameter bytes: the whole file.
  init(_ bytes: Span<UInt8>) {
    guard let header = SegmentHeader(bytes) else {
      // A few bytes, or zeros, are a file that was just being made.
      if bytes.count > SegmentHeader.byteCount, Self.holdsAnything(bytes, from: 0) {
        damage = [0..<bytes.count]
        isCut = true
      }
      return
    }
    self.header = header
    var offset = SegmentHeader.byteCount
    while offset < bytes.count {
      guard let next = next(in: bytes, from: offset, salt: header.salt) else {
        // Zeros are room that the file system had made for bytes that never came.
        isCut = Self.holdsAnything(bytes, from: offset)
        if isCut { damage.append(offset..<bytes.count) }
        return
      }
      if next.offset > offset { damage.append(offset..<next.offset) }
      while UInt64(records.count) < next.header.index { records.append(.lost) }
      offset = take(next.header, at: next.offset, in: bytes)
    }
  }

  /// - Returns: where the next record begins.
  private mutating func take(_ header: RecordHeader, at offset: Int, in bytes: Span<UInt8>) -> Int {
    let payload = offset + RecordHeader.byteCount
    let end = payload + header.payloadBytes
    var checksum = CRC32C()
    checksum.add(bytes.extracting(payload..<end))
    guard checksum.value == header.payloadChecksum, header.topic < 64,
      let start = UInt32(exactly: offset), let count = UInt32(exactly: header.payloadBytes)
    else {
      damage.append(offset..<end)
      records.append(.lost)
      return end
    }
    records.append(
      Segment.Record(
        offset: start, bytes: count, items: header.items,
        createdUnixSeconds: UInt32(clamping: header.createdUnixNanoseconds / 1_000_000_000),
        topic: header.topic))
    return end
  }

  /// The next header that is whole, at or after an offset, and behind as many as fit in between.
  private func next(in bytes: Span<UInt8>, from start: Int, salt: UInt64) -> (
    offset: Int, header: RecordHeader
  )? {
    let expected = UInt64(records.count)
    var offset = start
    while offset <= bytes.count - RecordHeader.byteCount {
      if let header = RecordHeader(bytes, at: offset, salt: salt), header.index >= expected,
        header.index - expected <= UInt64((offset - start) / RecordHeader.byteCount),
        header.payloadBytes <= bytes.count - offset - RecordHeader.byteCount
      {
        return (offset, header)
      }
      offset += 1
    }
    return nil
  }

  private static func holdsAnything(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    (start..<bytes.count).contains { bytes[$0] != 0 }
  }
}
