import ResourceModel

/// One line of the log, as it grows field by field; never longer than `limit`.
struct LogLine {
  /// What a field holds: numbers stay numbers in JSON.
  enum Value {
    case text(String)
    /// A number, `true` or `false`, as JSON writes it.
    case literal(String)
  }

  /// Bytes of a line; the journal splits those of 48 KiB.
  static let limit = 4_096
  private static let keyLimit = 64
  private static let valueLimit = 512
  /// Kept free for the mark that fields are missing and for the end.
  private static let reserve = 32

  private let format: LogFormat
  private var fields = ""
  private var isCut = false

  init(_ format: LogFormat) { self.format = format }

  /// Adds a field, if the line has room for it.
  ///
  /// Control characters and what is no UTF-8 are replaced, so that no value can end the line.
  mutating func append(_ key: String, _ value: Value) {
    let field = Self.encode(Self.plain(key), value, format)
    guard fields.utf8.count + field.utf8.count < Self.limit - Self.reserve else {
      isCut = true
      return
    }
    append(field)
  }

  /// The line with its end.
  var text: String {
    var whole = self
    if isCut { whole.append(Self.encode("truncated", .literal("true"), format)) }
    return switch format {
    case .logfmt: whole.fields + "\n"
    case .json: "{\(whole.fields)}\n"
    }
  }

  private mutating func append(_ field: String) {
    if !fields.isEmpty { fields += format == .json ? "," : " " }
    fields += field
  }

  private static func encode(_ key: String, _ value: Value, _ format: LogFormat) -> String {
    switch (format, value) {
    case (.logfmt, .literal(let literal)): "\(key)=\(literal)"
    case (.json, .literal(let literal)): "\"\(key)\":\(literal)"
    case (.logfmt, .text(let text)): "\(key)=\(unquotedIfPlain(bounded(text)))"
    case (.json, .text(let text)): "\"\(key)\":\(quoted(bounded(text)))"
    }
  }

  private static func bounded(_ text: String) -> String {
    let safe = SafeText(text.utf8, limit: valueLimit).text
    return text.utf8.count > valueLimit ? safe + "…" : safe
  }

  /// Nothing in it is a control character any more.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }

  private static func unquotedIfPlain(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
    }
    return isPlain && !text.isEmpty ? text : quoted(text)
  }

  /// A key is a word: letters, digits, `_`, `.` and `-`.
  private static func plain(_ key: String) -> String {
    let bytes = key.utf8.prefix(keyLimit).map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
        byte
      default: UInt8(ascii: "_")
      }
    }
    return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
  }
}
