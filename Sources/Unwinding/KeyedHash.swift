/// A hash that nobody can aim at without knowing its key: SipHash-1-3 with 128 bits of result.
///
/// - Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", and its
///   128-bit form.
package struct KeyedHash: Sendable {
  /// 16 bytes that must stay secret.
  package struct Key: Hashable, Sendable {
    package let low: UInt64
    package let high: UInt64

    package init(low: UInt64, high: UInt64) {
      self.low = low
      self.high = high
    }
  }

  private var state: SIMD4<UInt64>
  private var pending: UInt64 = 0
  private var count: UInt64 = 0

  package init(key: Key) {
    state = SIMD4(
      key.low ^ 0x736F_6D65_7073_6575, key.high ^ 0x646F_7261_6E64_6F6D ^ 0xEE,
      key.low ^ 0x6C79_6765_6E65_7261, key.high ^ 0x7465_6462_7974_6573)
  }

  package mutating func add(_ word: UInt64) {
    for index in 0..<8 { add(UInt8(truncatingIfNeeded: word >> (8 * index))) }
  }

  package mutating func add(_ bytes: Span<UInt8>) {
    var cursor = ByteCursor(bytes.raw)
    while count % 8 != 0, let byte = cursor.take(UInt8.self) { add(byte) }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    while let word = cursor.take(UInt64.self) {
      d ^= word
      Self.mix(&a, &b, &c, &d)
      a ^= word
      count &+= 8
    }
    state = SIMD4(a, b, c, d)
    while let byte = cursor.take(UInt8.self) { add(byte) }
  }

  private mutating func add(_ byte: UInt8) {
    pending |= UInt64(byte) << (8 * (count % 8))
    count &+= 1
    if count % 8 == 0 {
      absorb(pending)
      pending = 0
    }
  }

  private mutating func absorb(_ word: UInt64) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3] ^ word)
    Self.mix(&a, &b, &c, &d)
    state = SIMD4(a ^ word, b, c, d)
  }

  package consuming func finish() -> (low: UInt64, high: UInt64) {
    absorb(pending | count << 56)
    var (a, b, c, d) = (state[0], state[1], state[2] ^ 0xEE, state[3])
    for _ in 0..<3 { Self.mix(&a, &b, &c, &d) }
    let low = a ^ b ^ c ^ d
    b ^= 0xDD
    for _ in 0..<3 { Self.mix(&a, &b, &c, &d) }
    return (low, a ^ b ^ c ^ d)
  }

  @inline(__always)
  private static func mix(
    _ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64
  ) {
    a &+= b
    b = rotate(b, 13) ^ a
    a = rotate(a, 32)
    c &+= d
    d = rotate(d, 16) ^ c
    a &+= d
    d = rotate(d, 21) ^ a
    c &+= b
    b = rotate(b, 17) ^ c
    c = rotate(c, 32)
  }

  @inline(__always)
  private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word &<< count | word &>> (64 &- count)
  }
}
