import ArgumentParser

/// A span of time as people write it: a number and `ms`, `s`, `m` or `h`; seconds without a unit.
enum DurationArgument {
  private static let units: [(suffix: String, seconds: Double)] = [
    ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("", 1),
  ]
  /// A week: longer ones are typing errors.
  private static let longest = 7 * 24 * 3_600.0

  static func parse(_ text: String) throws -> Duration {
    for unit in units where text.hasSuffix(unit.suffix) {
      guard let number = Double(text.dropLast(unit.suffix.count)), number.isFinite else { break }
      let seconds = number * unit.seconds
      guard seconds >= 0.001, seconds <= longest else {
        throw ValidationError("The duration must be between 1ms and 168h.")
      }
      return .milliseconds(Int64(seconds * 1_000))
    }
    throw ValidationError("'\(text)' is no duration: write 500ms, 10s, 2m or 1h.")
  }
}

/// A number of bytes, with K for 1,024, in whole pages.
enum StackSizeArgument {
  private static let page = 4_096
  private static let largest = 65_536

  static func parse(_ text: String) throws -> Int {
    let hasUnit = text.hasSuffix("K") || text.hasSuffix("k")
    let digits = hasUnit ? text.dropLast() : text[...]
    guard let number = Int(digits), number >= 1, number <= largest else {
      throw ValidationError("'\(text)' is no stack size: write a number of bytes up to 64K.")
    }
    let bytes = hasUnit ? number * 1_024 : number
    guard bytes <= largest else { throw ValidationError("The stack size must not exceed 64K.") }
    return (bytes + page - 1) / page * page
  }
}

/// A number of bytes, with K, M or G for powers of 1,024.
enum ByteCountArgument {
  private static let units: [(suffix: String, shift: Int)] = [("K", 10), ("M", 20), ("G", 30)]
  /// A TiB; more is a typing error.
  private static let largest = 1 << 40

  static func parse(_ text: String) throws -> Int {
    guard let bytes = bytes(text), bytes >= 1 else {
      throw ValidationError("'\(text)' is no number of bytes: write 4096, 64K, 64M or 1G.")
    }
    return bytes
  }

  /// Nil if it is no number, or a huge one.
  static func bytes(_ text: String) -> Int? {
    let unit = units.first { text.uppercased().hasSuffix($0.suffix) }
    let digits = text.dropLast(unit == nil ? 0 : 1)
    guard let number = Int(digits), number >= 0, number <= largest,
      case let bytes = number << (unit?.shift ?? 0), bytes <= largest
    else { return nil }
    return bytes
  }
}

/// The memory of unwind tables, of which at least a MiB is needed.
enum TableMemoryArgument {
  private static let allowed = 1 << 20...256 << 20

  static func parse(_ text: String) throws -> Int {
    guard let bytes = ByteCountArgument.bytes(text), allowed.contains(bytes) else {
      throw ValidationError("'\(text)' is no table memory: write 1M to 256M.")
    }
    return bytes
  }
}
