/// Shortens a C++ name that was demangled without the parameters of its outermost function.
///
/// `std::vector<int>::push_back` becomes `std::vector::push_back`. Namespaces, operators, lambdas
/// with their parameters, and `(anonymous namespace)` stay. Return types, template arguments, ABI
/// tags and the parameters of enclosing functions go.
struct CxxShortName {
  private var scanner: TextScanner
  private var short: [UInt8] = []
  private var isConversion = false

  static func of(_ text: [UInt8]) -> [UInt8] {
    var shortener = CxxShortName(scanner: TextScanner(text))
    shortener.run()
    return shortener.short
  }

  private init(scanner: TextScanner) { self.scanner = scanner }

  private static let phrases: [StaticString] = [
    "non-virtual thunk to ", "virtual thunk to ", "covariant return thunk to ",
    "TLS init function for ", "TLS wrapper function for ", "transaction clone for ",
    "non-transaction clone for ", "vtable for ", "VTT for ", "typeinfo for ", "typeinfo name for ",
    "guard variable for ", "construction vtable for ",
  ]

  private mutating func run() {
    let phrase = Self.phrases.first { scanner.isAt($0) }
    if let phrase { _ = scanner.take(phrase) }
    while !scanner.isAtEnd { step() }
    if let phrase { short = Array(phrase.description.utf8) + short }
  }

  private mutating func step() {
    switch scanner.current {
    case UInt8(ascii: "o") where isAtOperator: takeOperator()
    case UInt8(ascii: "<"): scanner.skipBrackets()
    case UInt8(ascii: "("):
      if scanner.take("(anonymous namespace)") {
        short += "(anonymous namespace)".utf8
      } else {
        skipParameters()
      }
    case UInt8(ascii: "{"): takeBraces()
    case UInt8(ascii: "[") where scanner.isAt("[abi:"): scanner.skipBrackets()
    case UInt8(ascii: " "):
      // What stands before a space is a return type, unless only brackets follow.
      scanner.position += 1
      if !isConversion, scanner.current != UInt8(ascii: "<"), !scanner.isAtEnd { short = [] }
    default: takeByte()
    }
  }

  private mutating func takeByte() {
    short.append(scanner.current)
    scanner.position += 1
  }

  private var isAtOperator: Bool {
    guard scanner.isAt("operator"), !TextScanner.isIdentifier(scanner.byte(at: 8)) else {
      return false
    }
    return short.last.map { !TextScanner.isIdentifier($0) } ?? true
  }

  private mutating func takeOperator() {
    _ = scanner.take("operator")
    short += "operator".utf8
    if scanner.take("()") {
      short += "()".utf8
    } else if scanner.take("[]") {
      short += "[]".utf8
    } else if scanner.current == UInt8(ascii: " ") || scanner.current == UInt8(ascii: "\"") {
      // `operator new`, `operator bool`, `operator"" _s`: the rest is one name with spaces.
      isConversion = true
      takeByte()
    } else {
      takePunctuation()
    }
  }

  /// `operator<<int>` does not occur: demanglers put a space before the arguments.
  private mutating func takePunctuation() {
    if scanner.current == UInt8(ascii: ",") { takeByte() }
    while TextScanner.isPunctuation(scanner.current) { takeByte() }
  }

  /// Parameters of an enclosing function, with what may stand behind them: ` const`, `&`.
  private mutating func skipParameters() {
    scanner.skipBrackets()
    let tail = scanner.rest.prefix { $0 != UInt8(ascii: ":") }
    if tail.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "&") || Self.isLetter($0) }),
      tail.count < scanner.rest.count || tail.first == UInt8(ascii: " ")
    {
      scanner.position += tail.count
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  /// `{lambda(std::vector<int>)#1}` without the template arguments.
  private mutating func takeBraces() {
    var depth = 0
    repeat {
      if scanner.current == UInt8(ascii: "{") { depth += 1 }
      if scanner.current == UInt8(ascii: "}") { depth -= 1 }
      if scanner.current == UInt8(ascii: "<") { scanner.skipBrackets() } else { takeByte() }
    } while depth > 0 && !scanner.isAtEnd
  }
}
