/// Times as people and programs read them, without a locale.
enum TimeText {
  /// `2026-11-21T05:46:00Z`, of nanoseconds since 1970-01-01 UTC (RFC 3339).
  ///
  /// - Source: the calendar's rule of 400 years with 146,097 days; a year is counted from March.
  static func stamp(_ unixNanoseconds: UInt64) -> String {
    let seconds = Int(unixNanoseconds / 1_000_000_000)
    let days = seconds / 86_400 + 719_468
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + days / 146_097 * 400 + (month <= 2 ? 1 : 0)
    return "\(year)-\(two(month))-\(two(day))T\(clock(unixNanoseconds))Z"
  }

  /// `05:46:00` of the same.
  static func clock(_ unixNanoseconds: UInt64) -> String {
    let seconds = Int(unixNanoseconds / 1_000_000_000) % 86_400
    return "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }

  /// Its two largest units: `3 d 4 h`, `12 s`.
  static func span(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let units = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min")]
    let parts = (units + [(seconds % 60, "s")]).drop { $0.0 == 0 }.prefix(2)
    guard let first = parts.first else { return "0 s" }
    let rest = parts.dropFirst().filter { $0.0 > 0 }
    return ([first] + rest).map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }

  /// From one time to a later one; none if the clock was set back in between.
  static func between(_ earlier: UInt64, _ later: UInt64) -> Duration {
    .seconds(Int64((later > earlier ? later - earlier : 0) / 1_000_000_000))
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
