/// A gzip member of stored blocks (RFC 1951, 3.2.4; RFC 1952): valid for every reader, and made
/// without zlib, which layer 1 does not know.
enum Gzip {
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var start = 0
    repeat {
      let count = min(65_535, bytes.count - start)
      let last: UInt8 = start + count == bytes.count ? 1 : 0
      let low = UInt8(truncatingIfNeeded: count)
      let high = UInt8(truncatingIfNeeded: count >> 8)
      gzip += [last, low, high, ~low, ~high]
      gzip += bytes[start..<start + count]
      start += count
    } while start < bytes.count
    append(checksum(bytes), to: &gzip)
    append(UInt32(truncatingIfNeeded: bytes.count), to: &gzip)
    return gzip
  }

  private static func append(_ word: UInt32, to bytes: inout [UInt8]) {
    for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    let table = table
    var sum = UInt32.max
    for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
    return ~sum
  }
}
