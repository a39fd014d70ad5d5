import ResourceModel

/// What the operator wants to be told otherwise about some processes, or not at all.
///
/// Rules apply in their order, each to what the ones before have made.
package struct IdentityRule: Hashable, Sendable {
  package enum Pattern: Hashable, Sendable {
    case equals(String)
    case prefix(String)
    /// `*` stands for any text, also none, `?` for one character.
    case glob(String)
  }

  package enum Action: Hashable, Sendable {
    case set(key: String, value: String)
    /// Takes a value from one key to another; nothing happens where there is none.
    case rename(key: String, to: String)
    /// Nothing is exported about these processes; their samples are counted as dropped by a rule.
    case drop
  }

  /// The attribute that is looked at, `service.name` for instance; one that is missing never matches.
  package let attribute: String
  package let pattern: Pattern
  package let actions: [Action]

  package init(attribute: String, pattern: Pattern, actions: [Action]) {
    self.attribute = attribute
    self.pattern = pattern
    self.actions = actions
  }

  func apply(to identity: inout ProcessIdentity) {
    guard let value = identity[attribute], pattern.matches(value.description) else { return }
    for action in actions {
      switch action {
      case .set(let key, let value): identity[key] = .string(value)
      case .rename(let key, let other):
        guard key != other, let value = identity[key] else { continue }
        identity[key] = nil
        identity[other] = value
      case .drop: identity.isDropped = true
      }
    }
  }
}

extension IdentityRule.Pattern {
  package func matches(_ text: String) -> Bool {
    switch self {
    case .equals(let wanted): text == wanted
    case .prefix(let wanted): text.hasPrefix(wanted)
    case .glob(let pattern): Self.matches(Array(pattern.unicodeScalars), Array(text.unicodeScalars))
    }
  }

  /// Goes back to the last `*` only, so that it takes the product of both lengths at most.
  private static func matches(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar]) -> Bool {
    var place = 0
    var position = 0
    var star: Int?
    var resume = 0
    while position < text.count {
      if place < pattern.count, pattern[place] == "*" {
        star = place
        resume = position
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == text[position] {
        place += 1
        position += 1
      } else if let star {
        place = star + 1
        resume += 1
        position = resume
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
