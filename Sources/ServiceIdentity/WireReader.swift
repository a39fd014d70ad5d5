/// Takes the fields off an encoded protobuf message that nobody vouches for.
///
/// - Source: protobuf.dev, "Encoding". Groups, which nobody writes any more, end the reading.
struct WireReader {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var rest: ArraySlice<UInt8>

  init(_ message: ArraySlice<UInt8>) { rest = message }

  /// The next field; nil at the end, and where the message is malformed.
  mutating func next() -> (field: UInt64, value: Value)? {
    guard let key = variable(), key >> 3 > 0 else { return nil }
    switch key & 7 {
    case 0: return variable().map { (key >> 3, .number($0)) }
    case 1: return fixed(8).map { (key >> 3, .number($0)) }
    case 2:
      guard let length = variable(), length <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(length)) }
      return (key >> 3, .bytes(rest.prefix(Int(length))))
    case 5: return fixed(4).map { (key >> 3, .number($0)) }
    default: return nil
    }
  }

  /// Seven bits a byte, the lowest first; at most ten bytes.
  private mutating func variable() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }

  private mutating func fixed(_ count: Int) -> UInt64? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
