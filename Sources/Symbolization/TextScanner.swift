/// Walks over a demangled name and knows where its brackets close.
///
/// Everything ends at the end of the text: a bracket that never closes reaches there.
struct TextScanner {
  let text: [UInt8]
  var position = 0

  init(_ text: [UInt8]) { self.text = text }

  var isAtEnd: Bool { position >= text.count }
  var current: UInt8 { isAtEnd ? 0 : text[position] }
  var rest: ArraySlice<UInt8> { text[min(position, text.count)...] }

  func byte(at distance: Int) -> UInt8 {
    let index = position + distance
    return text.indices.contains(index) ? text[index] : 0
  }

  func isAt(_ word: StaticString) -> Bool {
    guard rest.count >= word.utf8CodeUnitCount else { return false }
    return rest.starts(with: word.description.utf8)
  }

  /// Skips the word if it is here.
  mutating func take(_ word: StaticString) -> Bool {
    guard isAt(word) else { return false }
    position += word.utf8CodeUnitCount
    return true
  }

  /// Skips from an opening bracket to behind its closing one.
  ///
  /// Angle brackets count only inside angle brackets: within parentheses they can be comparisons,
  /// which demanglers put in parentheses for this reason. `->` is an arrow everywhere, and the
  /// name of an operator is no bracket.
  mutating func skipBrackets() {
    var closers: [UInt8] = []
    while !isAtEnd {
      switch current {
      case UInt8(ascii: "("): closers.append(UInt8(ascii: ")"))
      case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
      case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
      case UInt8(ascii: "<"):
        if closers.isEmpty || closers.last == UInt8(ascii: ">") {
          closers.append(UInt8(ascii: ">"))
        }
      case UInt8(ascii: "-") where byte(at: 1) == UInt8(ascii: ">"): position += 1
      case UInt8(ascii: "o") where isAt("operator"): skipOperatorName()
      case closers.last: closers.removeLast()
      default: break
      }
      position += 1
      if closers.isEmpty { return }
    }
  }

  /// From `operator` to the last byte of its punctuation.
  private mutating func skipOperatorName() {
    position += "operator".utf8.count - 1
    while Self.isPunctuation(byte(at: 1)) { position += 1 }
  }

  /// Bytes that C++ operators consist of, without brackets and the comma.
  static func isPunctuation(_ byte: UInt8) -> Bool {
    "<>=!+-*/%^&|~".utf8.contains(byte)
  }

  static func isIdentifier(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
      true
    default: false
    }
  }
}
