/// Foreign bytes as text that is safe to show and to export: valid UTF-8 without control characters.
struct SafeText {
  let text: String

  init(_ bytes: some Sequence<UInt8>) {
    let decoded = String(decoding: Array(bytes), as: UTF8.self)
    text = String(
      String.UnicodeScalarView(
        decoded.unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
          default: scalar
          }
        }))
  }

  /// Without blanks at both ends.
  var trimmed: String {
    let start = text.drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }

  /// Nil where there is nothing.
  var nonEmpty: String? { trimmed.isEmpty ? nil : trimmed }
}
