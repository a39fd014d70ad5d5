/// Text that can stand in a header, a log line and a terminal.
enum Printable {
  static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
      default: true
      }
    }
  }

  /// A value of the file in a message: short, and safe for a terminal.
  static func quote(_ text: String, isPlain: Bool) -> String {
    let most = text.unicodeScalars.prefix(40)
    var shown = String(
      String.UnicodeScalarView(most.map { isPrintable(String($0)) ? $0 : "\u{FFFD}" }))
    if most.count < text.unicodeScalars.count { shown += "…" }
    return isPlain && !shown.isEmpty ? shown : "\"\(shown)\""
  }

  /// A key of the file in a message.
  static func shortened(_ key: String) -> String {
    key.unicodeScalars.count <= 200 && isPrintable(key) ? key : quote(key, isPlain: true)
  }
}
