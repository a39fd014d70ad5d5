/// The first bytes of a segment, which stand there twice: either copy will do.
///
/// A copy is `wickspl1`, the salt, the salt of the segment before and the number of its records, and
/// the CRC-32C of all these; numbers with the lowest byte first.
struct SegmentHeader: Hashable {
  /// The segment that was written to before this one.
  struct Predecessor: Hashable {
    var salt: UInt64
    /// How many records were written to it: tells whether some are missing at its end.
    var records: UInt32
  }

  /// Names the segment for good, and goes into every record's checksum, so that bytes inside a
  /// record cannot pass for one: nobody who can have bytes in a profile knows it.
  var salt: UInt64
  var predecessor: Predecessor

  static let byteCount = 2 * copyBytes
  private static let copyBytes = 32
  private static let magic = Array("wickspl1".utf8)

  var bytes: [UInt8] {
    var copy = Self.magic
    LittleEndian.append(salt, to: &copy)
    LittleEndian.append(predecessor.salt, to: &copy)
    LittleEndian.append(predecessor.records, to: &copy)
    LittleEndian.append(CRC32C.of(copy), to: &copy)
    return copy + copy
  }

  init(salt: UInt64, predecessor: Predecessor) {
    self.salt = salt
    self.predecessor = predecessor
  }

  /// Nil if both copies are damaged.
  init?(_ bytes: Span<UInt8>) {
    for start in [0, Self.copyBytes] {
      guard bytes.count >= start + Self.copyBytes else { return nil }
      let copy = bytes.extracting(start..<start + Self.copyBytes)
      var checksum = CRC32C()
      checksum.add(copy.extracting(0..<28))
      guard Self.magic.indices.allSatisfy({ copy[$0] == Self.magic[$0] }),
        LittleEndian.read(UInt32.self, from: copy, at: 28) == checksum.value,
        let salt = LittleEndian.read(UInt64.self, from: copy, at: 8),
        let before = LittleEndian.read(UInt64.self, from: copy, at: 16),
        let records = LittleEndian.read(UInt32.self, from: copy, at: 24)
      else { continue }
      self.init(salt: salt, predecessor: Predecessor(salt: before, records: records))
      return
    }
    return nil
  }
}
