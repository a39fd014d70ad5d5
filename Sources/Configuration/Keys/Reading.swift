import YAML

/// Reads the nodes of one source into values, and keeps what is wrong and what came from where.
struct Reading {
  /// What the nodes were made of.
  enum Source {
    case file(String)
    case environment(String)
    case flag(String)
  }

  let source: Source
  private(set) var problems: [ConfigurationProblem] = []
  /// Where the keys were given that were given.
  private(set) var origins: [String: Origin]
  /// Of the value that is read now.
  private var path = ""
  private var line = 1

  /// Problems beyond this are not kept; more of them help nobody.
  private static let problemLimit = 1_000

  /// - Parameters:
  ///   - source: what is read.
  ///   - origins: of what was read before.
  init(_ source: Source, origins: [String: Origin] = [:]) {
    self.source = source
    self.origins = origins
  }

  /// Reads the entries of a mapping, each by its key; nothing stands for no entry.
  ///
  /// - Returns: whether it is a mapping.
  @discardableResult
  mutating func mapping<Root>(_ node: YAMLNode, _ keys: [Key<Root>], into root: inout Root) -> Bool
  {
    guard let entries = entries(of: node) else { return false }
    let names = keys.map(\.name)
    for entry in entries {
      within(path.isEmpty ? entry.key : "\(path).\(entry.key)", line: entry.line) { reading in
        guard let key = keys.first(where: { $0.name == entry.key }) else {
          return reading.reportUnknown(entry.key, among: names)
        }
        key.read(entry.value, &root, &reading)
      }
    }
    return true
  }

  mutating func table<Value>(
    _ node: YAMLNode, limit: Int, names: ValueForm<String>, _ form: ValueForm<Value>
  ) -> [NamedValue<Value>] {
    guard let entries = entries(of: node), isWithin(limit, entries.count) else { return [] }
    var values: [NamedValue<Value>] = []
    for entry in entries {
      let name = YAMLNode(.scalar(YAMLNode.Scalar(entry.key, isPlain: true)), line: entry.line)
      within(path, line: entry.line) { reading in
        guard let name = reading.scalar(name, names, usual: nil) else { return }
        reading.within("\(reading.path).\(name)", line: entry.line) { reading in
          guard let value = reading.scalar(entry.value, form, usual: nil) else { return }
          values.append(NamedValue(name, value))
        }
      }
    }
    return values
  }

  mutating func items<Item>(
    _ node: YAMLNode, limit: Int, _ read: (YAMLNode, inout Reading) -> Item
  ) -> [Item] {
    switch node.content {
    case .empty: return []
    case .sequence(let nodes):
      guard isWithin(limit, nodes.count) else { return [] }
      return nodes.enumerated().map { index, node in
        within("\(path)[\(index)]", line: node.line) { read(node, &$0) }
      }
    case .scalar, .mapping:
      report("\(Self.kind(of: node)) where a list belongs", remedy: "begin each item with \"- \"")
      return []
    }
  }

  /// Reads one value; nil after having reported why there is none.
  ///
  /// The remedy is `usual`, the value that holds otherwise, or the example of the form.
  mutating func scalar<Value>(_ node: YAMLNode, _ form: ValueForm<Value>, usual: String?) -> Value?
  {
    let remedy =
      "use \(usual.flatMap { $0.isEmpty ? nil : $0 } ?? form.example), or \(origin.removal)"
    switch node.content {
    case .empty: report("has no value; it takes \(form.allowed)", remedy: remedy)
    case .sequence, .mapping:
      report("\(Self.kind(of: node)) where one value belongs: \(form.allowed)", remedy: remedy)
    case .scalar(let scalar):
      if let value = form.parse(scalar) { return value }
      let given =
        form.isQuotable && !form.isSecret
        ? Printable.quote(scalar.text, isPlain: scalar.isPlain) : "what is given"
      let meant = WordList.nearest(to: scalar.text, among: form.words)
      report(
        "\(given) is not \(form.allowed)", remedy: meant.map { "did you mean \($0)?" } ?? remedy)
    }
    return nil
  }
}

// What is wrong.
extension Reading {
  private var origin: Origin {
    switch source {
    case .file(let path): .file(path, line: line)
    case .environment(let variable): .environment(variable)
    case .flag(let name): .flag(name)
    }
  }

  /// Reports something about the value that is read, or about a key in it.
  mutating func report(_ reason: String, at key: String? = nil, remedy: String) {
    guard problems.count < Self.problemLimit else { return }
    let full = [path, key].compactMap { $0 }.joined(separator: ".")
    problems.append(
      ConfigurationProblem(
        origin: key == nil ? origin : origins[full] ?? origin,
        key: Printable.shortened(full), reason: reason, remedy: remedy))
  }

  /// Whether a key in the mapping that is read was given, by this source or one before.
  func isGiven(_ key: String) -> Bool { origins["\(path).\(key)"] != nil }

  private mutating func reportUnknown(_ key: String, among names: [String]) {
    let meant = WordList.nearest(to: key, among: names)
    let remedy =
      meant.map { "did you mean \($0)?" } ?? "there are \(WordList.all(names)); \(origin.removal)"
    report("unknown key", remedy: remedy)
  }

  private mutating func isWithin(_ limit: Int, _ count: Int) -> Bool {
    guard count > limit else { return true }
    report("has \(count) entries, more than \(limit)", remedy: "remove some")
    return false
  }

  /// The entries of a mapping, each key once; nil after having reported what it is instead.
  private mutating func entries(of node: YAMLNode) -> [YAMLNode.Entry]? {
    switch node.content {
    case .empty: return []
    case .scalar, .sequence:
      report(
        "\(Self.kind(of: node)) where a mapping belongs",
        remedy: "write the keys on lines of their own, indented, as KEY: VALUE")
      return nil
    case .mapping(let entries):
      var lines: [String: Int] = [:]
      return entries.filter { entry in
        guard let first = lines.updateValue(entry.line, forKey: entry.key) else { return true }
        within(path.isEmpty ? entry.key : "\(path).\(entry.key)", line: entry.line) { reading in
          reading.report("is given twice, in line \(first) too", remedy: "remove one of them")
        }
        return false
      }
    }
  }

  /// Has the body read a value at a path, which is given by that.
  private mutating func within<Result>(
    _ path: String, line: Int, _ body: (inout Reading) -> Result
  ) -> Result {
    let outer = (path: self.path, line: self.line)
    defer { (self.path, self.line) = outer }
    self.path = path
    self.line = line
    origins[path] = origin
    return body(&self)
  }

  private static func kind(of node: YAMLNode) -> String {
    switch node.content {
    case .empty: "nothing"
    case .scalar: "a single value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
