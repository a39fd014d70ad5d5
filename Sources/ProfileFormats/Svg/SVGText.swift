/// Builds the bytes of an SVG file: names escaped, numbers with a fixed count of decimals.
package struct SVGText {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Appends markup of our own.
  package mutating func raw(_ markup: String) { bytes.append(contentsOf: markup.utf8) }

  /// Appends a foreign text as character data.
  ///
  /// Characters that XML forbids, or that would change the direction of the text around them, show
  /// as `\u{…}`. `columns` bounds the width in cells of a monospaced font, where East Asian
  /// characters take two; a text that is longer ends in an ellipsis.
  package mutating func text(_ name: String, columns: Int) {
    var left = columns
    var pending = 0
    let start = bytes.count
    for scalar in name.unicodeScalars {
      let width = Self.columns(of: scalar)
      if width > left {
        bytes.removeLast(min(pending, bytes.count - start))
        bytes.append(contentsOf: "…".utf8)
        return
      }
      left -= width
      let before = bytes.count
      append(scalar)
      pending = bytes.count - before
    }
  }

  /// Appends a number with `decimals` digits behind the point, rounded.
  package mutating func number(_ value: Double, decimals: Int) {
    raw(Self.format(value, decimals: decimals))
  }

  /// The same as a string; what is not finite or too large for the notation becomes 0.
  package static func format(_ value: Double, decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    let scaled = (value * scale).rounded()
    guard let whole = Int64(exactly: scaled), decimals > 0 else {
      return Int64(exactly: scaled).map { String($0) } ?? "0"
    }
    let digits = String(whole.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return (whole < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}

extension SVGText {
  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "<": raw("&lt;")
    case ">": raw("&gt;")
    case "&": raw("&amp;")
    case "\"": raw("&quot;")
    default:
      if Self.isHidden(scalar) {
        raw("\\u{" + String(scalar.value, radix: 16) + "}")
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  /// Control characters, bidirectional controls and what XML 1.0 (section 2.2) excludes.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
      0xFFFE, 0xFFFF:
      true
    default: false
    }
  }

  private static func columns(of scalar: Unicode.Scalar) -> Int {
    if isHidden(scalar) { return 4 + String(scalar.value, radix: 16).count }
    return scalar.value < 0x1100 ? 1 : 2
  }
}
