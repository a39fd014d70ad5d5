/// What differs between two configurations, and what it takes for that to count.
package struct ConfigurationReload: Hashable, Sendable {
  package struct Change: Hashable, Sendable {
    /// Such as `profiling.frequency`, or `destinations[central].url`.
    package let key: String
    /// Without secrets; nil where there was or is nothing.
    package let old: String?
    package let new: String?
    package let effect: ChangeEffect
  }

  /// In the order of the keys.
  package let changes: [Change]

  package init(from old: AgentConfiguration, to new: AgentConfiguration) {
    let effects = Self.effects
    let before = Dictionary(old.leaves.map { ($0.path, $0.value) }) { first, _ in first }
    let after = Dictionary(new.leaves.map { ($0.path, $0.value) }) { first, _ in first }
    var paths = new.leaves.map(\.path)
    paths += old.leaves.map(\.path).filter { after[$0] == nil }
    changes = paths.filter { before[$0] != after[$0] }.map { path in
      Change(
        key: path, old: before[path]?.inline, new: after[path]?.inline,
        effect: effects[Self.general(path)] ?? Self.effect(of: path, effects))
    }
  }

  /// What a reload applies.
  package var applied: [Change] { changes.filter { $0.effect == .reload } }
  /// What stays as it was until the agent is started again.
  package var pending: [Change] { changes.filter { $0.effect == .restart } }

  /// Whether a section or a key has changed: `destinations`, `profiling.frequency`.
  package func concerns(_ key: String) -> Bool {
    changes.contains { $0.key == key || $0.key.hasPrefix("\(key).") || $0.key.hasPrefix("\(key)[") }
  }

  private static var effects: [String: ChangeEffect] {
    let documents = AgentConfiguration.documents.flatMap(\.all)
    return Dictionary(documents.map { ($0.path, $0.effect) }) { first, _ in first }
  }

  /// The path as the table has it: `destinations[].url`.
  private static func general(_ path: String) -> String {
    var result = ""
    var isInside = false
    for character in path {
      if character == "]" { isInside = false }
      if !isInside { result.append(character) }
      if character == "[" { isInside = true }
    }
    return result
  }

  /// Of what lies in a table: that of the table, which is the longest known beginning of the path.
  private static func effect(of path: String, _ effects: [String: ChangeEffect]) -> ChangeEffect {
    var rest = general(path)[...]
    while let end = rest.lastIndex(where: { $0 == "." || $0 == "[" }) {
      rest = rest[..<end]
      if let effect = effects[String(rest)] { return effect }
    }
    return .restart
  }
}

extension ConfigurationReload.Change: CustomStringConvertible {
  /// `profiling.frequency: 99 -> 49 (needs a restart)`.
  package var description: String {
    let change = "\(key): \(old ?? "none") -> \(new ?? "none")"
    return effect == .restart ? "\(change) (needs a restart)" : change
  }
}
