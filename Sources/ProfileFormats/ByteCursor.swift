/// A reader of foreign bytes that cannot leave them.
///
/// Every read either succeeds inside the bytes or returns nil and does not move.
package struct ByteCursor: ~Escapable {
  private let bytes: Span<UInt8>
  package private(set) var position = 0

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  package var isAtEnd: Bool { position >= bytes.count }

  /// The next byte, without taking it.
  package var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Takes the next byte if it is this one.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  /// Takes bytes for as long as they are this one.
  package mutating func skip(_ byte: UInt8) {
    while next == byte { position += 1 }
  }

  /// Takes everything up to the next `byte`, or to the end.
  package mutating func takeRange(until byte: UInt8) -> Range<Int> {
    let start = position
    while position < bytes.count, bytes[position] != byte { position += 1 }
    return start..<position
  }

  /// Takes decimal digits; nil if there are none or their value needs more than 64 bits.
  package mutating func takeDecimal() -> UInt64? {
    takeNumber(radix: 10)
  }

  /// Takes hexadecimal digits; nil if there are none or their value needs more than 64 bits.
  package mutating func takeHexadecimal() -> UInt64? {
    takeNumber(radix: 16)
  }

  private mutating func takeNumber(radix: UInt64) -> UInt64? {
    var end = position
    var value: UInt64 = 0
    while end < bytes.count, let digit = bytes[end].digitValue, digit < radix {
      let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: radix)
      let (sum, isOverLimit) = shifted.addingReportingOverflow(digit)
      guard !isTooLarge, !isOverLimit else { return nil }
      value = sum
      end += 1
    }
    guard end > position else { return nil }
    position = end
    return value
  }
}

extension UInt8 {
  /// The value of an ASCII digit in any radix up to 16.
  var digitValue: UInt64? {
    switch self {
    case 0x30...0x39: UInt64(self &- 0x30)
    case 0x61...0x66: UInt64(self &- 0x61 &+ 10)
    case 0x41...0x46: UInt64(self &- 0x41 &+ 10)
    default: nil
    }
  }

  var isDecimalDigit: Bool { self &- 0x30 < 10 }
}
