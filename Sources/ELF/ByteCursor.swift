/// Reads little-endian integers at given offsets of foreign bytes; outside of them there is nil.
struct ByteCursor: ~Escapable {
  private let bytes: RawSpan

  @_lifetime(copy span)
  init(_ span: Span<UInt8>) { unsafe bytes = span.bytes }

  var count: Int { bytes.byteCount }

  func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int)
    -> Value?
  {
    guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
    return unsafe Value(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }
}
