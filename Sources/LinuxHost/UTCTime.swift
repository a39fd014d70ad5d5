/// A point in time as calendar and clock tell it, in UTC.
///
/// - Source: the calendar's rule of 400 years with 146,097 days; a year is counted from March.
package struct UTCTime: Hashable, Sendable {
  package let year: Int
  /// From 1 to 12.
  package let month: Int
  /// From 1 to 31.
  package let day: Int
  package let hour: Int
  package let minute: Int
  package let second: Int
  package let millisecond: Int

  /// - Parameter nanoseconds: since 1970-01-01 UTC.
  package init(nanoseconds: UInt64) {
    let seconds = Int(nanoseconds / 1_000_000_000)
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shifted + 2) / 5 + 1
    month = shifted < 10 ? shifted + 3 : shifted - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = seconds % 86_400 / 3_600
    minute = seconds / 60 % 60
    second = seconds % 60
    millisecond = Int(nanoseconds / 1_000_000 % 1_000)
  }

  /// `20261121T054600Z`, for names of files.
  package var stamp: String {
    "\(year)\(Self.two(month))\(Self.two(day))T"
      + "\(Self.two(hour))\(Self.two(minute))\(Self.two(second))Z"
  }

  /// `2026-11-21T05:46:00.007Z`, for people and machines.
  ///
  /// - Source: RFC 3339.
  package var text: String {
    let thousandths = "\(1_000 + millisecond)".dropFirst()
    return "\(year)-\(Self.two(month))-\(Self.two(day))T"
      + "\(Self.two(hour)):\(Self.two(minute)):\(Self.two(second)).\(thousandths)Z"
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
