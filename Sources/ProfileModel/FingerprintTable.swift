/// Gives each distinct sequence of words a small, stable number, without keeping the words.
///
/// Of a sequence only 128 bits are kept. They depend on numbers that are drawn anew in each process,
/// so that nobody can prepare two sequences with the same ones; that two of a million have them by
/// chance is less likely than 10⁻²⁶.
struct FingerprintTable: Sendable {
  private struct Fingerprint: Equatable {
    var low: UInt64
    var high: UInt64
  }

  private var fingerprints: [Fingerprint] = []
  /// Sequence number + 1; 0 marks a free slot.
  ///
  /// The count is a power of two.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 64)
  private let seed = Fingerprint(
    low: UInt64.random(in: 1...UInt64.max), high: UInt64.random(in: 1...UInt64.max))

  var count: Int { fingerprints.count }

  /// The number of a sequence that is in the table.
  func find(_ sequence: Span<UInt64>) -> Int? {
    let index = Int(slots[slot(of: fingerprint(of: sequence))])
    return index == 0 ? nil : index - 1
  }

  /// The number of `sequence`, which is new if it equals the previous `count`.
  mutating func intern(_ sequence: Span<UInt64>) -> Int {
    let fingerprint = fingerprint(of: sequence)
    let slot = slot(of: fingerprint)
    guard slots[slot] == 0 else { return Int(slots[slot]) - 1 }
    fingerprints.append(fingerprint)
    slots[slot] = UInt32(fingerprints.count)
    if fingerprints.count * 2 > slots.count { grow() }
    return fingerprints.count - 1
  }

  /// Where a fingerprint is, or the free slot where it belongs.
  private func slot(of fingerprint: Fingerprint) -> Int {
    var slot = Int(truncatingIfNeeded: fingerprint.low) & (slots.count - 1)
    while slots[slot] != 0, fingerprints[Int(slots[slot]) - 1] != fingerprint {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private func fingerprint(of sequence: Span<UInt64>) -> Fingerprint {
    var (low, high) = (seed.low, seed.high)
    for index in sequence.indices {
      low = Self.mix(low, sequence[index], 0x9E37_79B9_7F4A_7C15)
      high = Self.mix(high, sequence[index], 0xD6E8_FEB8_6659_FD93)
    }
    let count = UInt64(truncatingIfNeeded: sequence.count)
    return Fingerprint(
      low: Self.mix(low, count, 0xA076_1D64_78BD_642F),
      high: Self.mix(high, count, 0xE703_7ED1_A0B4_28DB))
  }

  /// Both halves of a product: each bit of the input reaches most bits of the result.
  private static func mix(_ hash: UInt64, _ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: factor)
    // What was there before is added, so that a product of nothing does not forget it.
    return (product.low ^ product.high) &+ (hash << 23 | hash >> 41)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for (index, fingerprint) in fingerprints.enumerated() {
      slots[slot(of: fingerprint)] = UInt32(index + 1)
    }
  }
}
