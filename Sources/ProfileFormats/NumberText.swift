/// Numbers as people read them, without a locale.
enum NumberText {
  /// A share from 0 to 1 as a percentage with one decimal, such as `12.5%`.
  static func percent(_ share: Double) -> String { "\(decimal(share * 100, places: 1))%" }

  /// A difference of two shares in percentage points, with its sign.
  static func points(_ difference: Double) -> String {
    let text = decimal(abs(difference) * 100, places: 2)
    return difference < 0 && text != "0.00" ? "-\(text)" : "+\(text)"
  }

  static func decimal(_ value: Double, places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value * scale).rounded()
    guard scaled.isFinite, abs(scaled) < 1e15 else { return "-" }
    let whole = UInt64(abs(scaled))
    let fraction = String(whole % UInt64(scale))
    let padding = String(repeating: "0", count: max(0, places - fraction.count))
    return "\(scaled < 0 ? "-" : "")\(whole / UInt64(scale))"
      + (places > 0 ? ".\(padding)\(fraction)" : "")
  }

  /// An amount in the unit of a sample type: `1.25 s` for nanoseconds, `3.4 MiB` for bytes.
  static func amount(_ value: UInt64, unit: String) -> String {
    switch unit {
    case "nanoseconds":
      return scaled(value, [("ns", 1), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)])
    case "bytes":
      return scaled(value, [("B", 1), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824)])
    case "count", "": return "\(value)"
    default: return "\(value) \(unit)"
    }
  }

  private static func scaled(_ value: UInt64, _ units: [(name: String, size: Double)]) -> String {
    let best = units.last { Double(value) >= $0.size } ?? units[0]
    let places = best.size == 1 ? 0 : 2
    return "\(decimal(Double(value) / best.size, places: places)) \(best.name)"
  }
}
