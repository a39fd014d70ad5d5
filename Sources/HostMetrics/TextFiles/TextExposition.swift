/// A text in Prometheus' format, taken apart.
///
/// - Source: Prometheus, text exposition format 0.0.4. A text with a mistake is refused as a whole, as
///   are time stamps: what is in a file has no time but that of the file.
struct TextExposition {
  /// What a text may have; another process writes it.
  struct Limits {
    var lineBytes = 65_536
    var labels = 64
    var allLabels = 100_000
    var series = 10_000
  }

  enum Kind: String {
    case counter, gauge, untyped, histogram, summary
  }

  struct Sample {
    /// What stands behind the family's name: nothing, `_bucket`, `_sum` or `_count`.
    let suffix: String
    let labels: [(name: String, value: String)]
    let value: Double
  }

  struct Family {
    let name: String
    var kind = Kind.untyped
    var help: String?
    var samples: [Sample] = []
    fileprivate var hasKind = false
  }

  private(set) var families: [Family] = []
  private let limits: Limits
  private var indices: [String: Int] = [:]
  private var count = 0
  private var labels = 0

  /// Nil if the text breaks a rule or a limit.
  init?(parsing bytes: [UInt8], limits: Limits = Limits()) {
    self.limits = limits
    guard bytes.isEmpty || bytes.last == UInt8(ascii: "\n") else { return nil }
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      var cursor = TextCursor(line)
      guard line.count <= limits.lineBytes, take(&cursor), families.count <= limits.series,
        labels <= limits.allLabels
      else { return nil }
      rest = rest[(end + 1)...]
    }
  }

  /// Takes one line; false if it is wrong.
  private mutating func take(_ line: inout TextCursor) -> Bool {
    line.skipBlanks()
    guard let first = line.next else { return true }
    return first == UInt8(ascii: "#") ? takeComment(&line) : takeSample(&line)
  }

  /// Comments are free but for two.
  private mutating func takeComment(_ line: inout TextCursor) -> Bool {
    _ = line.take(UInt8(ascii: "#"))
    line.skipBlanks()
    let keyword = line.takeWord()
    guard keyword == "HELP" || keyword == "TYPE" else { return true }
    line.skipBlanks()
    guard line.next != nil else { return true }
    guard let name = line.takeName(allowsColons: true), line.isAtBlankOrEnd else { return false }
    line.skipBlanks()
    let index = index(of: name)
    if keyword == "HELP" {
      guard families[index].help == nil, let help = line.takeRest() else { return false }
      families[index].help = help
      return true
    }
    guard !families[index].hasKind, families[index].samples.isEmpty,
      let kind = line.takeRest().flatMap({ Kind(rawValue: $0.lowercased()) })
    else { return false }
    families[index].kind = kind
    families[index].hasKind = true
    return true
  }

  private mutating func takeSample(_ line: inout TextCursor) -> Bool {
    guard let name = line.takeName(allowsColons: true) else { return false }
    line.skipBlanks()
    guard let labels = line.takeLabels(limit: limits.labels) else { return false }
    line.skipBlanks()
    // A blank behind the number announces a time stamp.
    guard let value = line.takeRest().flatMap(Self.number), count < limits.series else {
      return false
    }
    count += 1
    self.labels += labels.count
    let (index, suffix) = place(of: name)
    families[index].samples.append(Sample(suffix: suffix, labels: labels, value: value))
    return true
  }

  /// The family that a series belongs to, and what its name has more.
  private mutating func place(of name: String) -> (Int, String) {
    if let index = indices[name] { return (index, "") }
    for suffix in ["_bucket", "_sum", "_count"] where name.utf8.count > suffix.utf8.count {
      guard name.hasSuffix(suffix), let index = indices[String(name.dropLast(suffix.count))]
      else { continue }
      let kind = families[index].kind
      if kind == .histogram || (kind == .summary && suffix != "_bucket") { return (index, suffix) }
    }
    return (index(of: name), "")
  }

  private mutating func index(of name: String) -> Int {
    if let known = indices[name] { return known }
    indices[name] = families.count
    families.append(Family(name: name))
    return families.count - 1
  }

  /// A number as Go writes it; nil for other spellings and what is too large.
  static func number(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
    }
    if isDecimal { return Double(text).flatMap { $0.isFinite ? $0 : nil } }
    switch text.lowercased() {
    case "nan": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
  }
}
