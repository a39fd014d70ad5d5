/// Names a batch for good, so that a receiver who gets it twice can tell.
///
/// 16 random bytes in the form of a UUID (RFC 9562, version 4).
package struct BatchID: Hashable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package init(using random: inout some RandomNumberGenerator) {
    high = random.next() & ~0xf000 | 0x4000
    low = random.next() >> 2 | 1 << 63
  }

  package static func random() -> BatchID {
    var random = SystemRandomNumberGenerator()
    return BatchID(using: &random)
  }

  /// As they stand in the text, from left to right.
  package var bytes: [UInt8] {
    [high, low].flatMap { word in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }
  }
}

extension BatchID: CustomStringConvertible {
  /// Such as `2f1c6b5e-93a8-4d07-9d3c-6a1f0b7e5c42`.
  package var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}
