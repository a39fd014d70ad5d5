/// A reader of a part of foreign bytes that cannot leave it.
///
/// Every read succeeds inside the part, or returns nil and does not move. All integers are
/// little-endian.
struct ByteCursor: ~Escapable {
  private let bytes: RawSpan
  private(set) var position: Int
  /// The first byte behind the part.
  let end: Int

  /// Reads `range` of the bytes; what of it lies outside does not exist.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, in range: Range<Int>) {
    self.bytes = bytes
    end = min(range.upperBound, bytes.byteCount)
    position = max(0, min(range.lowerBound, end))
  }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from position: Int = 0) {
    self.init(bytes, in: max(0, min(position, bytes.byteCount))..<bytes.byteCount)
  }

  var remaining: Int { end &- position }
  var isAtEnd: Bool { position >= end }

  @inline(__always)
  mutating func take<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value? {
    guard end &- position >= MemoryLayout<Value>.size else { return nil }
    let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: type)
    position &+= MemoryLayout<Value>.size
    return Value(littleEndian: value)
  }

  /// Moves over bytes; false if there are not so many.
  mutating func skip(_ count: UInt64) -> Bool {
    guard count <= UInt64(end &- position) else { return false }
    position &+= Int(count)
    return true
  }

  /// A number in ULEB128 form; bits above the 64th are lost.
  @inline(__always)
  mutating func takeUnsigned() -> UInt64? {
    guard let first = take(UInt8.self) else { return nil }
    return first < 0x80 ? UInt64(first) : takeLong(first).map(\.value)
  }

  /// A number in SLEB128 form; bits above the 64th are lost.
  @inline(__always)
  mutating func takeSigned() -> Int64? {
    guard let first = take(UInt8.self) else { return nil }
    if first < 0x80 { return Int64(first & 0x3F) &- Int64(first & 0x40) }
    guard let (value, bits) = takeLong(first) else { return nil }
    guard bits < 64 else { return Int64(bitPattern: value) }
    let unused = 64 &- bits
    return Int64(bitPattern: value &<< unused) &>> Int64(unused)
  }

  /// The rest of a LEB128 number of more than one byte, and how many bits it has.
  private mutating func takeLong(_ first: UInt8) -> (value: UInt64, bits: UInt64)? {
    let start = position
    var value = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while let byte = take(UInt8.self) {
      if shift < 64 { value |= UInt64(byte & 0x7F) &<< shift }
      // Padding may be of any length; the count of bits must not wrap around.
      shift = min(shift &+ 7, 70)
      if byte < 0x80 { return (value, shift) }
    }
    position = start &- 1
    return nil
  }
}

extension Span<UInt8> {
  /// The same bytes, to read integers from: any bytes make one.
  var raw: RawSpan {
    @_lifetime(copy self) get { unsafe bytes }
  }
}
