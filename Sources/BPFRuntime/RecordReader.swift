/// Reads little-endian integers out of a record; what lies outside of it reads as 0.
package struct RecordReader: ~Escapable {
  private let record: RawSpan

  @_lifetime(copy record)
  package init(_ record: RawSpan) { self.record = record }

  /// A copy of the whole record.
  package var bytes: [UInt8] {
    unsafe record.withUnsafeBytes { unsafe Array($0) }
  }

  package func u32(at offset: Int) -> UInt32 {
    guard offset >= 0, offset <= record.byteCount - 4 else { return 0 }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  package func u64(at offset: Int) -> UInt64 {
    guard offset >= 0, offset <= record.byteCount - 8 else { return 0 }
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
