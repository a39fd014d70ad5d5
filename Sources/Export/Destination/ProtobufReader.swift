/// Reads the fields of a protobuf message one after the other, as far as the bytes are good.
///
/// - Source: the wire format at protobuf.dev/programming-guides/encoding. Answers of servers have
///   so few fields that generated code would be the larger part.
struct ProtobufReader {
  enum Value: Hashable {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
    /// Four or eight bytes, which no answer uses.
    case fixed
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// - Returns: nil at the end, and where the bytes stop making sense.
  mutating func next() -> (field: UInt64, value: Value)? {
    guard let key = varint() else { return nil }
    switch key & 7 {
    case 0:
      guard let number = varint() else { return nil }
      return (key >> 3, .number(number))
    case 1: return skip(8) ? (key >> 3, .fixed) : nil
    case 2:
      guard let length = varint().flatMap({ Int(exactly: $0) }), length <= rest.count else {
        return nil
      }
      let bytes = rest.prefix(length)
      rest.removeFirst(length)
      return (key >> 3, .bytes(bytes))
    case 5: return skip(4) ? (key >> 3, .fixed) : nil
    default: return nil
    }
  }

  private mutating func skip(_ count: Int) -> Bool {
    guard rest.count >= count else { return false }
    rest.removeFirst(count)
    return true
  }

  private mutating func varint() -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      number |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return number }
    }
    return nil
  }
}
