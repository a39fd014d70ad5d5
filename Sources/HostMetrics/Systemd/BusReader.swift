/// Takes values of D-Bus apart; nil where the bytes end before the value does.
struct BusReader {
  private let bytes: [UInt8]
  private let isLittle: Bool
  private var place = 0

  init(_ bytes: [UInt8], isLittle: Bool) {
    self.bytes = bytes
    self.isLittle = isLittle
  }

  var isAtEnd: Bool { place >= bytes.count }

  mutating func skip(_ count: Int) { place = min(place + count, bytes.count) }

  mutating func align(_ size: Int) { place = min((place + size - 1) / size * size, bytes.count) }

  mutating func byte() -> UInt8? {
    guard place < bytes.count else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func number32() -> UInt32? { number(4).map { UInt32(truncatingIfNeeded: $0) } }

  mutating func number64() -> UInt64? { number(8) }

  private mutating func number(_ size: Int) -> UInt64? {
    align(size)
    guard bytes.count - place >= size else { return nil }
    defer { place += size }
    let part = bytes[place..<(place + size)]
    let ordered = isLittle ? Array(part.reversed()) : Array(part)
    return ordered.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A string, or the path of an object.
  mutating func string() -> String? {
    guard let count = number32() else { return nil }
    return text(Int(count))
  }

  mutating func signature() -> String? {
    guard let count = byte() else { return nil }
    return text(Int(count))
  }

  /// So many bytes with a zero behind them.
  private mutating func text(_ count: Int) -> String? {
    guard bytes.count - place > count else { return nil }
    defer { place += count + 1 }
    return String(decoding: bytes[place..<(place + count)], as: UTF8.self)
  }

  /// A variant that is a string or a number.
  mutating func property() -> BusProperty? {
    switch signature() {
    case "s", "o": string().map { .text($0) }
    case "u": number32().map { .number(UInt64($0)) }
    case "t": number64().map { .number($0) }
    default: nil
    }
  }
}
