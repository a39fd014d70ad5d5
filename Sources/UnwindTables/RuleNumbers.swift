import BPFRuntime
import BPFShared
import Unwinding

/// The rules that are in use, each once, and their numbers.
///
/// All programs of a machine together have some 4,000 different rules. What finds no number becomes
/// `complex`, so that its frames take the copy path.
struct RuleNumbers {
  /// Also what zeroed rows mean.
  static let complex = UInt16(RULE_COMPLEX)
  /// What holds outside of all pages.
  static let nothing = UInt16(RULE_NOTHING)
  /// A crafted file could use up all numbers; the largest real ones have under 2,000 rules.
  static let mostPerTable = TableLayout.ruleCount / 4

  private let memory: MapMemory
  private var numbers: [UInt64: UInt16] = [:]
  private var words: [UInt64] = []
  private var references: [Int] = []
  private var unused: [UInt16] = []

  init(memory: MapMemory) {
    self.memory = memory
    add(UnwindRule(.complex).word)
    add(UnwindRule(.none).word)
    references[Int(Self.complex)] = 1
    references[Int(Self.nothing)] = 1
  }

  /// How many are in use.
  var count: Int { numbers.count }

  /// The numbers of a table's rules, each held until it is given back as often as it was taken.
  mutating func take(_ rules: [UnwindRule]) -> (numbers: [UInt16], refused: Int) {
    var taken: [UInt16] = []
    var refused = 0
    taken.reserveCapacity(rules.count)
    for (index, rule) in rules.enumerated() {
      let number = index < Self.mostPerTable ? number(of: rule.word) : nil
      if number == nil { refused += 1 }
      references[Int(number ?? Self.complex)] += 1
      taken.append(number ?? Self.complex)
    }
    return (taken, refused)
  }

  /// Gives back what no row refers to any more.
  mutating func giveBack(_ numbers: [UInt16]) {
    for number in numbers {
      references[Int(number)] -= 1
      guard references[Int(number)] == 0 else { continue }
      self.numbers[words[Int(number)]] = nil
      unused.append(number)
    }
  }

  private mutating func number(of word: UInt64) -> UInt16? {
    if let known = numbers[word] { return known }
    return add(word)
  }

  @discardableResult
  private mutating func add(_ word: UInt64) -> UInt16? {
    let number: UInt16
    if let free = unused.popLast() {
      number = free
      words[Int(number)] = word
    } else {
      guard words.count < TableLayout.ruleCount else { return nil }
      number = UInt16(words.count)
      words.append(word)
      references.append(0)
    }
    numbers[word] = number
    memory.store(word, at: Int(number) * TableLayout.ruleBytes)
    return number
  }
}
