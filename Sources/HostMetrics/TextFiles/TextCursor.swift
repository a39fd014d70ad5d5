/// Reads a line of Prometheus' text format from left to right.
struct TextCursor {
  private var rest: ArraySlice<UInt8>

  init(_ line: ArraySlice<UInt8>) { rest = line }

  /// The byte that comes next; nil at the end.
  var next: UInt8? { rest.first }

  var isAtBlankOrEnd: Bool { next.map(Self.isBlank) ?? true }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  mutating func skipBlanks() { rest = rest.drop(while: Self.isBlank) }

  /// Whether the next byte is this one, which is then behind us.
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    rest.removeFirst()
    return true
  }

  /// What stands before the next blank.
  mutating func takeWord() -> String {
    let word = rest.prefix { !Self.isBlank($0) }
    rest = rest[word.endIndex...]
    return String(decoding: word, as: UTF8.self)
  }

  /// A name of a metric or, without colons, of a label; nil if there is none.
  mutating func takeName(allowsColons: Bool) -> String? {
    let name = rest.prefix { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      case UInt8(ascii: ":"): allowsColons
      default: false
      }
    }
    guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    else { return nil }
    rest = rest[name.endIndex...]
    return String(decoding: name, as: UTF8.self)
  }

  /// Everything up to the end, with `\\` and `\n` as what they stand for.
  mutating func takeRest() -> String? {
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      default: return nil
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Labels in braces, none where there are no braces; nil if they are wrong.
  ///
  /// One with an empty value is the same as none.
  mutating func takeLabels(limit: Int) -> [(name: String, value: String)]? {
    var labels: [(name: String, value: String)] = []
    guard take(UInt8(ascii: "{")) else { return labels }
    var names: Set<String> = []
    skipBlanks()
    while !take(UInt8(ascii: "}")) {
      guard names.count < limit, let name = takeName(allowsColons: false), name != "__name__",
        names.insert(name).inserted
      else { return nil }
      skipBlanks()
      guard take(UInt8(ascii: "=")) else { return nil }
      skipBlanks()
      guard let value = takeQuoted() else { return nil }
      if !value.isEmpty { labels.append((name, value)) }
      skipBlanks()
      guard take(UInt8(ascii: ",")) || next == UInt8(ascii: "}") else { return nil }
      skipBlanks()
    }
    return labels
  }

  private mutating func takeQuoted() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        switch rest.popFirst() {
        case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
        default: return nil
        }
      default: bytes.append(byte)
      }
    }
    return nil
  }
}
