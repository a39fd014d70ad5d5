/// Numbers the distinct rules of a table in the order of their first use.
struct RuleIndex {
  private(set) var rules: [UnwindRule] = []
  private var numbers: [UInt64: UInt32] = [:]
  /// Words seen lately, by some of their bits, and their numbers: most lookups end here.
  private var recentWords = [UInt64](repeating: UInt64.max, count: recentCount)
  private var recentNumbers = [UInt32](repeating: 0, count: recentCount)

  private static let recentCount = 1_024
  /// A row has 16 bits for it.
  private static let maximumCount = 65_536

  /// Nil if there are too many.
  mutating func number(of rule: UnwindRule) -> UInt32? {
    let word = rule.word
    // Golden ratio: spreads words that differ in few bits.
    let slot = Int((word &* 0x9E37_79B9_7F4A_7C15) >> 54)
    if recentWords[slot] == word { return recentNumbers[slot] }
    let number: UInt32
    if let known = numbers[word] {
      number = known
    } else {
      guard rules.count < Self.maximumCount else { return nil }
      number = UInt32(rules.count)
      numbers[word] = number
      rules.append(rule)
    }
    recentWords[slot] = word
    recentNumbers[slot] = number
    return number
  }
}
