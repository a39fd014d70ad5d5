/// Foreign bytes as text that is safe to show and to export: valid UTF-8 of bounded length, without
/// control characters, line ends or marks that turn the direction of writing.
package struct SafeText: Hashable, Sendable {
  package let text: String

  /// Bytes of a value, unless the caller says otherwise.
  package static let defaultLimit = 1_024

  /// - Parameters:
  ///   - bytes: any bytes.
  ///   - limit: bytes that are looked at; a character that is cut is left out.
  package init(_ bytes: some Sequence<UInt8>, limit: Int = defaultLimit) {
    let most = Array(bytes.prefix(limit))
    let isCut = most.count == limit
    // Plain text, which most of it is, stays as it is.
    if most.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
      text = String(decoding: most, as: UTF8.self)
      return
    }
    let whole = isCut ? most.dropLast(Self.cutCharacter(at: most)) : most[...]
    let decoded = String(decoding: whole, as: UTF8.self)
    text = String(String.UnicodeScalarView(decoded.unicodeScalars.map(Self.shown)))
  }

  /// Without blanks at both ends.
  package var trimmed: String {
    let start = text.utf8.drop { $0 == UInt8(ascii: " ") }
    let blanks = start.reversed().prefix { $0 == UInt8(ascii: " ") }.count
    return String(decoding: start.dropLast(blanks), as: UTF8.self)
  }

  /// Trimmed; nil where there is nothing.
  package var nonEmpty: String? {
    let trimmed = trimmed
    return trimmed.isEmpty ? nil : trimmed
  }

  private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
    default: scalar
    }
  }

  /// Bytes at the end that begin a character and do not end it.
  private static func cutCharacter(at bytes: [UInt8]) -> Int {
    for (index, byte) in bytes.suffix(4).reversed().enumerated() {
      if byte & 0xc0 == 0x80 { continue }
      let length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
      return length > index + 1 ? index + 1 : 0
    }
    return 0
  }
}
