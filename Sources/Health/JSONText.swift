/// JSON under construction, indented by two spaces; members stay in the order in which they come.
struct JSONText {
  private(set) var text = ""
  private var depth = 0
  private var isFirst = true

  /// An object around the members that `body` adds.
  static func object(_ body: (inout JSONText) -> Void) -> String {
    var json = JSONText()
    json.enclose("{", "}", body)
    return json.text + "\n"
  }

  mutating func set(_ key: String, _ value: String?) {
    begin(key)
    text += value.map(Self.quoted) ?? "null"
  }

  mutating func set(_ key: String, _ value: Bool) {
    begin(key)
    text += value ? "true" : "false"
  }

  mutating func set(_ key: String, _ value: (some BinaryInteger)?) {
    begin(key)
    text += value.map { "\($0)" } ?? "null"
  }

  /// What is no number, such as infinity, is null.
  mutating func set(_ key: String, _ value: Double?) {
    begin(key)
    text += value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "null"
  }

  mutating func set(_ key: String, _ body: (inout JSONText) -> Void) {
    begin(key)
    enclose("{", "}", body)
  }

  /// An object, or null where there is no value.
  mutating func set<Value>(_ key: String, _ value: Value?, _ body: (inout JSONText, Value) -> Void)
  {
    begin(key)
    guard let value else {
      text += "null"
      return
    }
    enclose("{", "}") { body(&$0, value) }
  }

  /// An object for each value.
  mutating func set<Value>(
    _ key: String, each values: [Value], _ body: (inout JSONText, Value) -> Void
  ) {
    begin(key)
    enclose("[", "]") { list in
      for value in values {
        list.separate()
        list.enclose("{", "}") { body(&$0, value) }
      }
    }
  }

  mutating func set(_ key: String, _ values: [String]) {
    begin(key)
    enclose("[", "]") { list in
      for value in values {
        list.separate()
        list.text += Self.quoted(value)
      }
    }
  }

  private mutating func begin(_ key: String) {
    separate()
    text += Self.quoted(key) + ": "
  }

  private mutating func separate() {
    if !isFirst { text += "," }
    isFirst = false
    text += "\n" + String(repeating: "  ", count: depth)
  }

  private mutating func enclose(_ open: String, _ close: String, _ body: (inout JSONText) -> Void) {
    text += open
    depth += 1
    isFirst = true
    body(&self)
    depth -= 1
    if !isFirst { text += "\n" + String(repeating: "  ", count: depth) }
    isFirst = false
    text += close
  }

  /// RFC 8259, section 7: after control characters are gone, quotes and backslashes are escaped.
  private static func quoted(_ value: String) -> String {
    var text = "\""
    for scalar in SafeLine.text(value).unicodeScalars {
      if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }
}
