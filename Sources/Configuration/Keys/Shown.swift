/// A configuration as it is shown: keys in the order of the documentation, without secrets.
package indirect enum Shown: Hashable, Sendable {
  /// Not set.
  case nothing
  case text(String)
  /// Printed as `***`; only compared.
  case secret(String)
  case list([Shown])
  case mapping([Entry])

  package struct Entry: Hashable, Sendable {
    package let key: String
    package let value: Shown
  }
}

extension Shown {
  /// The lines of a YAML document.
  package func lines(indent: Int = 0) -> [String] {
    let blanks = String(repeating: " ", count: indent)
    switch self {
    case .nothing: return [blanks + "~"]
    case .text(let text): return [blanks + Self.quoted(text)]
    case .secret: return [blanks + "'***'"]
    case .list(let items):
      return items.flatMap { item in
        var lines = item.lines(indent: indent + 2)
        if let first = lines.first { lines[0] = blanks + "- " + first.dropFirst(indent + 2) }
        return lines
      }
    case .mapping(let entries): return entries.flatMap { $0.lines(indent: indent) }
    }
  }

  var isEmpty: Bool {
    switch self {
    case .nothing: true
    case .list(let items): items.isEmpty
    case .mapping(let entries): entries.isEmpty
    case .text, .secret: false
    }
  }

  /// On one line, as documentation shows a default.
  var inline: String {
    switch self {
    case .nothing: "none"
    case .text(let text): text.isEmpty ? "none" : Self.quoted(text)
    case .secret: "***"
    case .list(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\($0.key): \($0.value.inline)" }.joined(separator: ", ") + "}"
    }
  }

  /// A scalar that reads as this text, in quotes where YAML would read it otherwise.
  static func quoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-._/:+".utf8.contains(byte)
      }
    }
    let isSafe = plain && !text.isEmpty && !text.hasPrefix("-") && !text.hasSuffix(":")
    if isSafe, !["null", "Null", "NULL"].contains(text) { return text }
    return "'"
      + text.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "''") + "'"
  }
}

extension Shown.Entry {
  fileprivate func lines(indent: Int) -> [String] {
    let head = String(repeating: " ", count: indent) + Shown.quoted(key) + ":"
    switch value {
    // A key without a value would be a mistake.
    case .nothing: return []
    case .text(let text): return [head + " " + Shown.quoted(text)]
    case .secret: return [head + " '***'"]
    case .list(let items) where items.isEmpty: return [head + " []"]
    case .mapping(let entries) where entries.isEmpty: return [head + " {}"]
    case .list, .mapping: return [head] + value.lines(indent: indent + 2)
    }
  }
}
