/// The checksum of Castagnoli, which finds every error of up to five bits in a record of ours.
///
/// - Source: RFC 3720, appendix B.4; polynomial 0x1EDC6F41, reflected.
package struct CRC32C {
  private var state: UInt32 = ~0

  package init() {}

  package var value: UInt32 { ~state }

  package static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32C()
    checksum.add(bytes.span)
    return checksum.value
  }

  /// Takes eight bytes a step, each by a table of its own.
  package mutating func add(_ bytes: Span<UInt8>) {
    let table = Self.table.span
    var state = state
    var index = 0
    while bytes.count &- index >= 8 {
      let low =
        state
        ^ (UInt32(bytes[index]) | UInt32(bytes[index &+ 1]) << 8
          | UInt32(bytes[index &+ 2]) << 16 | UInt32(bytes[index &+ 3]) << 24)
      let first = table[1_792 &+ Int(low & 255)] ^ table[1_536 &+ Int(low >> 8 & 255)]
      let second = table[1_280 &+ Int(low >> 16 & 255)] ^ table[1_024 &+ Int(low >> 24)]
      let third = table[768 &+ Int(bytes[index &+ 4])] ^ table[512 &+ Int(bytes[index &+ 5])]
      let fourth = table[256 &+ Int(bytes[index &+ 6])] ^ table[Int(bytes[index &+ 7])]
      state = first ^ second ^ third ^ fourth
      index &+= 8
    }
    while index < bytes.count {
      state = table[Int((state ^ UInt32(bytes[index])) & 255)] ^ state >> 8
      index &+= 1
    }
    self.state = state
  }

  /// 256 entries for each of eight positions.
  private static let table: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 2_048)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
      table[byte] = value
    }
    for index in 256..<2_048 {
      let before = table[index - 256]
      table[index] = table[Int(before & 255)] ^ before >> 8
    }
    return table
  }()
}
