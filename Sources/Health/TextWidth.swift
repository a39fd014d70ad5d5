/// How much room text takes on a terminal.
///
/// - Source: Unicode Standard Annex #11: scalars of East Asian scripts and pictures take two columns.
enum TextWidth {
  static func columns(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns($1) }
  }

  /// As much of a line as fits, with a mark where something was cut off.
  static func cut(_ line: String, to limit: Int) -> String {
    guard columns(line) > limit else { return line }
    var kept = ""
    var used = 1
    for scalar in line.unicodeScalars {
      used += columns(scalar)
      guard used <= limit else { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept + "…"
  }

  /// Filled up with blanks, and cut where it must be.
  static func padded(_ text: String, to width: Int, isRight: Bool = false) -> String {
    let cut = cut(text, to: width)
    let blanks = String(repeating: " ", count: max(0, width - columns(cut)))
    return isRight ? blanks + cut : cut + blanks
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff,
      0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f000...0x1faff, 0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}
