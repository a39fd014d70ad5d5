/// What stands before each batch in a segment: 64 bytes, numbers with the lowest byte first.
///
/// 0 `WICK` · 4 CRC-32C of the salt and bytes 8 to 63 · 8 index in the segment · 16 batch id · 32 time · 40 bytes of
/// the head · 44 bytes of the body · 48 items · 52 topic · 53 flags · 56 CRC-32C of head and body.
struct RecordHeader: Hashable {
  /// How many records were written to the segment before it.
  var index: UInt64
  var id: BatchID
  var createdUnixNanoseconds: UInt64
  var headBytes: UInt32
  var bodyBytes: UInt32
  var items: UInt32
  var topic: UInt8
  var flags: UInt8
  var payloadChecksum: UInt32

  static let byteCount = 64
  static let magic: UInt32 = 0x4b43_4957
  private static let compressedFlag: UInt8 = 1

  /// Bytes of head and body.
  var payloadBytes: Int { Int(headBytes) + Int(bodyBytes) }

  init(_ batch: Batch, index: UInt64) {
    self.index = index
    id = batch.id
    createdUnixNanoseconds = batch.createdUnixNanoseconds
    headBytes = UInt32(clamping: batch.head.count)
    bodyBytes = UInt32(clamping: batch.body.count)
    items = batch.items
    topic = batch.topic.rawValue
    flags = batch.isCompressed ? Self.compressedFlag : 0
    var checksum = CRC32C()
    checksum.add(batch.head.span)
    checksum.add(batch.body.span)
    payloadChecksum = checksum.value
  }

  /// Reads a header; nil if it is none, or damaged.
  init?(_ bytes: Span<UInt8>, at offset: Int, salt: UInt64) {
    guard bytes.count >= Self.byteCount, offset >= 0, offset <= bytes.count - Self.byteCount,
      LittleEndian.read(UInt32.self, from: bytes, at: offset) == Self.magic
    else { return nil }
    let header = bytes.extracting(offset..<offset + Self.byteCount)
    func number<Number: FixedWidthInteger & UnsignedInteger>(_ at: Int) -> Number {
      LittleEndian.read(Number.self, from: header, at: at) ?? 0
    }
    guard number(4) == Self.checksum(of: header, salt: salt) else { return nil }
    index = number(8)
    id = BatchID(high: number(16), low: number(24))
    createdUnixNanoseconds = number(32)
    headBytes = number(40)
    bodyBytes = number(44)
    items = number(48)
    topic = number(52)
    flags = number(53)
    payloadChecksum = number(56)
  }

  func bytes(salt: UInt64) -> [UInt8] {
    var fields: [UInt8] = []
    LittleEndian.append(Self.magic, to: &fields)
    LittleEndian.append(UInt32(0), to: &fields)
    LittleEndian.append(index, to: &fields)
    LittleEndian.append(id.high, to: &fields)
    LittleEndian.append(id.low, to: &fields)
    LittleEndian.append(createdUnixNanoseconds, to: &fields)
    LittleEndian.append(headBytes, to: &fields)
    LittleEndian.append(bodyBytes, to: &fields)
    LittleEndian.append(items, to: &fields)
    fields += [topic, flags, 0, 0]
    LittleEndian.append(payloadChecksum, to: &fields)
    LittleEndian.append(UInt32(0), to: &fields)
    var checksum: [UInt8] = []
    LittleEndian.append(Self.checksum(of: fields.span, salt: salt), to: &checksum)
    fields.replaceSubrange(4..<8, with: checksum)
    return fields
  }

  /// The batch whose payload this is; nil if it is not, or damaged.
  func batch(payload: ArraySlice<UInt8>) -> Batch? {
    guard payload.count == payloadBytes, let topic = Topic(rawValue: topic) else { return nil }
    var checksum = CRC32C()
    checksum.add(payload.span)
    guard checksum.value == payloadChecksum else { return nil }
    let body = payload.startIndex + Int(headBytes)
    return Batch(
      id: id, topic: topic, createdUnixNanoseconds: createdUnixNanoseconds, items: items,
      head: Array(payload[..<body]), body: Array(payload[body...]),
      isCompressed: flags & Self.compressedFlag != 0)
  }

  private static func checksum(of header: Span<UInt8>, salt: UInt64) -> UInt32 {
    var salted: [UInt8] = []
    LittleEndian.append(salt, to: &salted)
    var checksum = CRC32C()
    checksum.add(salted.span)
    checksum.add(header.extracting(8..<Self.byteCount))
    return checksum.value
  }
}
