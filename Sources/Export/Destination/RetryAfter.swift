/// How long a server wants to be left alone.
///
/// - Source: RFC 9110, 10.2.3: seconds, or a date in one of the three forms of 5.6.7.
enum RetryAfter {
  /// - Parameters:
  ///   - text: the header's value.
  ///   - unixNanoseconds: the time at which it came, since 1970-01-01 UTC.
  /// - Returns: nil if the text is neither; zero for a date that has passed.
  static func delay(_ text: String, at unixNanoseconds: UInt64) -> Duration? {
    let bytes = text.utf8
    if !bytes.isEmpty, bytes.count <= 9, bytes.allSatisfy({ (0x30...0x39).contains($0) }) {
      return Int(text).map { .seconds($0) }
    }
    guard let seconds = unixSeconds(text) else { return nil }
    return max(.zero, .seconds(seconds) - .nanoseconds(Int64(clamping: unixNanoseconds)))
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
  /// `Sun Nov  6 08:49:37 1994`.
  private static func unixSeconds(_ text: String) -> Int? {
    guard text.utf8.count <= 40 else { return nil }
    var words = text.split { $0 == " " || $0 == "-" }.dropFirst().map { String($0) }
    if words.count == 4, months.contains(words[0]) {
      words = [words[1], words[0], words[3], words[2]]
    } else {
      guard words.count == 5, words[4] == "GMT" else { return nil }
    }
    guard let day = number(words[0], in: 1...31),
      let month = months.firstIndex(of: words[1]),
      let year = year(words[2]), let clock = clock(words[3])
    else { return nil }
    return days(year: year, month: month + 1, day: day) * 86_400 + clock
  }

  private static func number(_ text: some StringProtocol, in range: ClosedRange<Int>) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text).flatMap { range.contains($0) ? $0 : nil }
  }

  /// Two digits are a year of this century, or of the last one.
  private static func year(_ text: String) -> Int? {
    guard let year = number(text, in: 0...9_999) else { return nil }
    guard text.utf8.count <= 2 else { return year >= 1_970 ? year : nil }
    return year < 70 ? 2_000 + year : 1_900 + year
  }

  private static func clock(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let hours = number(parts[0], in: 0...23),
      let minutes = number(parts[1], in: 0...59), let seconds = number(parts[2], in: 0...60)
    else { return nil }
    return hours * 3_600 + minutes * 60 + seconds
  }

  /// Days since 1970-01-01 by the calendar's rule of 400 years with 146,097 days; a year is counted
  /// from March.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
