import YAML

/// Renames attributes, gives them values, or drops what has a certain attribute.
package struct IdentityRule: Hashable, Sendable {
  /// What a process must have for the rule to hold.
  package struct Match: Hashable, Sendable {
    package var attribute = ""
    /// The whole value; nil if there is a pattern.
    package var value: String?
    /// `*` stands for any text, `?` for one character.
    package var pattern: String?

    package init() {}
  }

  package var match = Match()
  /// Attributes and what they are called instead; comes before `sets`.
  package var renames: [NamedValue<String>] = []
  /// Attributes and the values that they get.
  package var sets: [NamedValue<String>] = []
  /// Export nothing of it, neither profiles nor metrics.
  package var drops = false

  package init() {}
}

extension IdentityRule {
  static let attributeName = ValueForm<String>(
    allowed: "the name of an attribute, of the characters a-z A-Z 0-9 . _ - /",
    example: "service.name",
    parse: { scalar in
      let isName = scalar.text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._-/".utf8.contains(byte)
        }
      }
      return isName && (1...255).contains(scalar.text.utf8.count) ? scalar.text : nil
    }, format: { $0 })

  static let attributeValue = ValueForm<String>.text(
    "text without control characters", example: "web")

  static let keys: [Key<Self>] = [
    .section(
      "match", \.match, Match.keys,
      "The attribute that is looked at; one that is missing never matches."),
    .table(
      "rename", \.renames, limit: 16, names: attributeName, attributeName,
      "Attributes and what they are called instead.", example: ["app: service.name"]),
    .table(
      "set", \.sets, limit: 16, names: attributeName, attributeValue,
      "Attributes and the values they get.", example: ["service.name: web"]),
    .value("drop", \.drops, .truth, "Export nothing of it."),
  ]

  static let example = [
    "- match:",
    "    attribute: service.name",
    "    pattern: \"web-*\"",
    "  set:",
    "    service.name: web",
    "- match:",
    "    attribute: service.name",
    "    value: backup",
    "  drop: true",
  ]

  static func finish(_ rule: inout Self, _ reading: inout Reading) {
    if !reading.isGiven("match.attribute") {
      reading.report(
        "match.attribute is missing", remedy: "add match: {attribute: service.name, …}")
    } else if reading.isGiven("match.value") == reading.isGiven("match.pattern") {
      reading.report(
        "takes one of value and pattern", at: "match",
        remedy: "write value: TEXT, or pattern: \"web-*\"")
    }
    let changes = !rule.sets.isEmpty || !rule.renames.isEmpty
    if rule.drops, changes {
      reading.report(
        "set and rename do nothing beside drop", at: "drop", remedy: "keep one of them")
    }
    if !rule.drops, !changes {
      reading.report("does nothing", remedy: "add rename, set or drop: true")
    }
  }
}

extension IdentityRule.Match {
  static let keys: [Key<Self>] = [
    .value(
      "attribute", \.attribute, IdentityRule.attributeName,
      "Such as service.name or process.executable.name."),
    .value("value", \.value, IdentityRule.attributeValue.optional, "The whole value."),
    .value(
      "pattern", \.pattern,
      ValueForm<String>.text("text without control characters", example: "'web-*'").optional,
      "In which * stands for any text and ? for one character."),
  ]
}
