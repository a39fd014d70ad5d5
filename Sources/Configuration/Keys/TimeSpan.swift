/// A span of time as people write it: 500ms, 10s, 2m, 1h30m, 7d.
enum TimeSpan {
  private static let units: [(suffix: String, milliseconds: Int)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]
  /// A hundred years, in milliseconds.
  private static let longest = 100 * 366 * 86_400_000

  /// Units must shrink from left to right, each of them once.
  static func parse(_ text: String) -> Duration? {
    var rest = text[...]
    var total = 0
    var nextUnit = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let letters = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(letters.count)
      guard let number = Digits.whole(digits),
        let index = units.firstIndex(where: { $0.suffix == letters }), index >= nextUnit,
        number <= longest / units[index].milliseconds
      else { return nil }
      total += number * units[index].milliseconds
      guard total <= longest else { return nil }
      nextUnit = index + 1
    }
    return .milliseconds(total)
  }

  /// In the largest unit that leaves no rest.
  static func text(_ duration: Duration) -> String {
    let parts = duration.components
    guard parts.seconds >= 0, parts.seconds <= Int64(longest / 1_000) else { return "0s" }
    let whole = Int(parts.seconds) * 1_000 + Int(parts.attoseconds / 1_000_000_000_000_000)
    guard whole > 0 else { return "0s" }
    for unit in units where whole % unit.milliseconds == 0 {
      return "\(whole / unit.milliseconds)\(unit.suffix)"
    }
    return "\(whole)ms"
  }
}
