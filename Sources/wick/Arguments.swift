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

/// A number of bytes, with K, M or G for powers of 1,024, of which at least a MiB is needed.
enum TableMemoryArgument {
  private static let units: [(suffix: String, shift: Int)] = [("K", 10), ("M", 20), ("G", 30)]
  private static let allowed = 1 << 20...256 << 20

  static func parse(_ text: String) throws -> Int {
    let unit = units.first { text.uppercased().hasSuffix($0.suffix) }
    let digits = text.dropLast(unit == nil ? 0 : 1)
    guard let number = Int(digits), number >= 1, number <= allowed.upperBound,
      case let bytes = number << (unit?.shift ?? 0), allowed.contains(bytes)
    else {
      throw ValidationError("'\(text)' is no table memory: write 1M to 256M.")
    }
    return bytes
  }
}
