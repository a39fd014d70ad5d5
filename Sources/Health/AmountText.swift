/// Amounts as people read them, without a locale.
enum AmountText {
  /// `1.2 MiB`.
  static func bytes(_ bytes: UInt64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    guard bytes >= 1_024 else { return "\(bytes) B" }
    var value = Double(bytes) / 1_024
    var unit = 0
    while value >= 1_023.95, unit + 1 < units.count {
      value /= 1_024
      unit += 1
    }
    return "\(decimal(value, places: 1)) \(units[unit])"
  }

  /// `12,345`.
  static func count(_ number: UInt64) -> String {
    let digits = Array(String(number))
    return digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index).isMultiple(of: 3) ? ",\(digit)" : String(digit)
    }.joined()
  }

  /// `0.62 %` of 0.0062.
  static func percent(_ ratio: Double, places: Int = 2) -> String {
    "\(decimal(ratio * 100, places: places)) %"
  }

  private static func decimal(_ value: Double, places: Int) -> String {
    let scale: UInt64 = places == 1 ? 10 : 100
    let scaled = (value * Double(scale)).rounded()
    guard scaled.isFinite, scaled >= 0, scaled < 1e15 else { return "?" }
    let whole = UInt64(scaled)
    let fraction = String(whole % scale)
    let zeros = String(repeating: "0", count: max(0, (places == 1 ? 1 : 2) - fraction.count))
    return "\(whole / scale).\(zeros)\(fraction)"
  }
}
