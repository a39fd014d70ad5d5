import YAML

/// One key of a mapping: the one place that says its name, its meaning, how a value gets in and how
/// it is shown.
struct Key<Root: Sendable>: Sendable {
  let name: String
  /// Reads a node into a value, or reports why that fails.
  let read: @Sendable (YAMLNode, inout Root, inout Reading) -> Void
  let show: @Sendable (Root) -> Shown
  /// - Parameters: the path of the mapping, with a dot at the end, and the defaults.
  let describe: @Sendable (String, Root) -> KeyDocument
}

typealias Field<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

extension Key {
  /// A scalar.
  static func value<Value: Sendable>(
    _ name: String, _ field: Field<Root, Value>, _ form: ValueForm<Value>,
    after effect: ChangeEffect = .reload, _ summary: String
  ) -> Self {
    Key(
      name: name,
      read: { node, root, reading in
        let usual = form.format(root[keyPath: field])
        if let value = reading.scalar(node, form, usual: usual) { root[keyPath: field] = value }
      },
      show: { form.shown($0[keyPath: field]) },
      describe: { path, root in
        KeyDocument(
          name: name, path: path + name, kind: .value, summary: summary,
          allowed: form.documentation, defaultValue: form.shown(root[keyPath: field]).inline,
          effect: effect, children: [], example: ["\(name): \(form.example)"])
      })
  }

  /// A mapping with keys of its own.
  static func section<Section: Sendable>(
    _ name: String, _ field: Field<Root, Section>, _ keys: [Key<Section>], _ summary: String
  ) -> Self {
    Key(
      name: name,
      read: { node, root, reading in reading.mapping(node, keys, into: &root[keyPath: field]) },
      show: { root in keys.show(root[keyPath: field]) },
      describe: { path, root in
        let inner = keys.map { $0.describe("\(path)\(name).", root[keyPath: field]) }
        return KeyDocument(
          name: name, path: path + name, kind: .section, summary: summary, allowed: "",
          defaultValue: "", effect: .reload, children: inner, example: [])
      })
  }

  /// A list of at most `limit` mappings, each of which begins as the template.
  ///
  /// `finish` looks at a whole item, and reports what does not fit together.
  static func list<Item: Sendable>(
    _ name: String, _ field: Field<Root, [Item]>, limit: Int, template: Item, _ keys: [Key<Item>],
    after effect: ChangeEffect = .reload, _ summary: String, example: [String],
    finish: @escaping @Sendable (inout Item, inout Reading) -> Void
  ) -> Self {
    Key(
      name: name,
      read: { node, root, reading in
        root[keyPath: field] = reading.items(node, limit: limit) { node, reading in
          var item = template
          if reading.mapping(node, keys, into: &item) { finish(&item, &reading) }
          return item
        }
      },
      show: { root in
        .list(root[keyPath: field].map { keys.show($0, leavingOutDefaultsOf: template) })
      },
      describe: { path, _ in
        let inner = keys.map { $0.describe("\(path)\(name)[].", template) }
        return KeyDocument(
          name: name, path: path + name, kind: .list, summary: summary,
          allowed: "a list of at most \(limit)", defaultValue: "[]", effect: effect,
          children: inner, example: example)
      })
  }

  /// A mapping whose keys the user chooses.
  static func table<Value: Hashable & Sendable>(
    _ name: String, _ field: Field<Root, [NamedValue<Value>]>, limit: Int,
    names: ValueForm<String>, _ form: ValueForm<Value>, after effect: ChangeEffect = .reload,
    _ summary: String, example: [String]
  ) -> Self {
    Key(
      name: name,
      read: { node, root, reading in
        root[keyPath: field] = reading.table(node, limit: limit, names: names, form)
      },
      show: { root in
        .mapping(
          root[keyPath: field].map { Shown.Entry(key: $0.name, value: form.shown($0.value)) })
      },
      describe: { path, _ in
        KeyDocument(
          name: name, path: path + name, kind: .table(keys: names.allowed), summary: summary,
          allowed: form.documentation, defaultValue: "{}", effect: effect, children: [],
          example: example)
      })
  }

  /// A list of words.
  static func words(
    _ name: String, _ field: Field<Root, [String]>, limit: Int, _ form: ValueForm<String>,
    after effect: ChangeEffect = .reload, _ summary: String, example: [String]
  ) -> Self {
    Key(
      name: name,
      read: { node, root, reading in
        root[keyPath: field] = reading.items(node, limit: limit) { node, reading in
          reading.scalar(node, form, usual: nil) ?? form.example
        }
      },
      show: { root in .list(root[keyPath: field].map { form.shown($0) }) },
      describe: { path, root in
        KeyDocument(
          name: name, path: path + name, kind: .words, summary: summary,
          allowed: "a list of at most \(limit), each \(form.documentation)",
          defaultValue: Shown.list(root[keyPath: field].map { form.shown($0) }).inline,
          effect: effect, children: [], example: example)
      })
  }
}

extension Array {
  func show<Root>(_ root: Root) -> Shown where Element == Key<Root> {
    .mapping(map { Shown.Entry(key: $0.name, value: $0.show(root)) })
  }

  /// Without the keys that say what they would say anyhow.
  func show<Root>(_ root: Root, leavingOutDefaultsOf template: Root) -> Shown
  where Element == Key<Root> {
    let entries = map { (key: $0.name, value: $0.show(root), usual: $0.show(template)) }
    return .mapping(
      entries.filter { $0.value != $0.usual }.map { Shown.Entry(key: $0.key, value: $0.value) })
  }
}
