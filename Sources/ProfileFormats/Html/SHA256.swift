/// SHA-256, for the hashes by which the page's content security policy names its own code.
///
/// - Source: FIPS 180-4. The constants are the fractional parts of roots of primes, so they are
///   computed rather than listed: see `fraction(ofRoot:prime:)`.
/// - Limit: made for a hundred kilobytes once a file, not for throughput.
package struct SHA256 {
  private static let primes = firstPrimes(64)
  private static let initial = primes.prefix(8).map { fraction(ofRoot: 2, prime: $0) }
  private static let rounds = primes.map { fraction(ofRoot: 3, prime: $0) }

  /// The 32 bytes of the digest.
  package static func digest(_ message: [UInt8]) -> [UInt8] {
    var padded = message
    padded.append(0x80)
    while padded.count % 64 != 56 { padded.append(0) }
    append(UInt64(message.count) &* 8, to: &padded)
    var state = initial
    for block in stride(from: 0, to: padded.count, by: 64) {
      compress(padded, at: block, into: &state)
    }
    return state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }
}

extension SHA256 {
  private static func append(_ length: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: length >> shift))
    }
  }

  private static func compress(_ bytes: [UInt8], at start: Int, into state: inout [UInt32]) {
    let schedule = schedule(bytes, at: start)
    var s = state
    for round in 0..<64 {
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      let first =
        s[7] &+ (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) &+ choice
        &+ rounds[round] &+ schedule[round]
      let second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) &+ majority
      s = [first &+ second, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
    }
    for index in 0..<8 { state[index] = state[index] &+ s[index] }
  }

  private static func schedule(_ bytes: [UInt8], at start: Int) -> [UInt32] {
    var words = (0..<16).map { index in
      (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[start + index * 4 + $1]) }
    }
    for index in 16..<64 {
      let old = words[index - 15]
      let recent = words[index - 2]
      let low = rotate(old, 7) ^ rotate(old, 18) ^ (old >> 3)
      let high = rotate(recent, 17) ^ rotate(recent, 19) ^ (recent >> 10)
      words.append(words[index - 16] &+ low &+ words[index - 7] &+ high)
    }
    return words
  }

  private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 {
    word >> bits | word << (32 - bits)
  }

  private static func firstPrimes(_ count: Int) -> [UInt64] {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < count {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes
  }

  /// The first 32 bits of the fractional part of the square (2) or cube (3) root of a prime.
  ///
  /// The root, shifted left by 32 bits, is found bit by bit in integers. For cube roots of primes
  /// up to 311 the cube needs 105 bits, hence `UInt128`.
  private static func fraction(ofRoot degree: Int, prime: UInt64) -> UInt32 {
    let target = UInt128(prime) << UInt128(32 * degree)
    var root: UInt128 = 0
    for bit in stride(from: UInt128(37), through: 0, by: -1) {
      let trial = root | (1 << bit)
      let power = (0..<degree).reduce(UInt128(1)) { product, _ in product &* trial }
      if power <= target { root = trial }
    }
    return UInt32(truncatingIfNeeded: root)
  }
}
