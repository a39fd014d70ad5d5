/// What there is to say about a key: the table that the default file and the manual are made of.
package struct KeyDocument: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case value
    /// A mapping with the keys below it.
    case section
    /// A list of mappings with the keys below it.
    case list
    /// A mapping whose keys are the user's, and what they may be.
    case table(keys: String)
    /// A list of words.
    case words
  }

  package let name: String
  /// Such as `profiling.frequency`; `destinations[].url` in a list.
  package let path: String
  package let kind: Kind
  /// What it does and why one would change it.
  package let summary: String
  /// With the unit; empty for sections.
  package let allowed: String
  package let defaultValue: String
  package let effect: ChangeEffect
  package let children: [KeyDocument]
  /// Lines of YAML that belong under the key, for lists and tables.
  package let example: [String]
}

extension KeyDocument {
  /// The variable that sets it; nil for what only the file can have.
  package var variable: String? {
    guard kind == .value, !path.contains("[") else { return nil }
    let name = path.map { $0 == "." || $0 == "-" ? "_" : $0 }
    return EnvironmentReading.prefix + String(name).uppercased()
  }

  /// The key and all below it.
  var all: [KeyDocument] { [self] + children.flatMap(\.all) }
}
