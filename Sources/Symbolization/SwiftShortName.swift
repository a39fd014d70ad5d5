/// Shortens a Swift name as the runtime demangles it.
///
/// `Swift.Array.insert(__owned A, at: Swift.Int) -> ()` becomes `Array.insert(_:at:)`. The module is
/// left out where a name remains; the full name has it. Specializations, thunks and witnesses of a
/// function carry its name alone: they are one function in the source. A closure says whose it is.
struct SwiftShortName {
  private var scanner: TextScanner
  private let depth: Int

  /// Functions within functions that are named; what is deeper is left out.
  private static let maximumDepth = 8

  static func of(_ text: [UInt8]) -> [UInt8] { of(text[...], depth: 0) }

  private static func of(_ text: ArraySlice<UInt8>, depth: Int) -> [UInt8] {
    var shortener = SwiftShortName(scanner: TextScanner(Array(text)), depth: depth)
    return shortener.run()
  }

  private init(scanner: TextScanner, depth: Int) {
    self.scanner = scanner
    self.depth = depth
  }

  /// Left out: what follows is the function itself.
  private static let ignored: [StaticString] = [
    "merged ", "static ", "class ", "@objc ", "@nonobjc ", "dynamic ", "specialized ",
    "dispatch thunk of ", "protocol witness for ", "vtable thunk for ", "vtable thunk of ",
    "partial apply forwarder for ", "partial apply ObjC forwarder for ", "inlined ",
    "override ", "prespecialized ", "distributed thunk ", "back deployment thunk for ",
    "back deployment fallback for ", "async function pointer to ",
  ]
  /// Left out together with the `<…> of ` or digits behind them.
  private static let specializations: [StaticString] = [
    "generic specialization <", "generic not re-abstracted specialization <",
    "generic partial specialization <", "generic pre-specialization <",
    "function signature specialization <", "specialization <",
  ]
  /// Kept, because the code is the compiler's own.
  private static let kept: [StaticString] = [
    "type metadata accessor for ", "type metadata completion function for ",
    "type metadata instantiation function for ", "lazy protocol witness table accessor for type ",
    "protocol witness table accessor for ", "generic protocol witness table accessor for ",
    "associated type witness table accessor for ", "associated type metadata accessor for ",
    "value witness for ", "outlined copy of ", "outlined consume of ", "outlined destroy of ",
    "outlined init with copy of ", "outlined init with take of ", "outlined assign with copy of ",
    "outlined assign with take of ", "outlined release of ", "outlined retain of ",
    "default argument ", "variable initialization expression of ",
    "one-time initialization function for ", "one-time initialization token for ",
    "metadata instantiation cache for ", "default associated conformance accessor for ",
    "base witness table accessor for ", "property wrapper backing initializer of ",
  ]

  private mutating func run() -> [UInt8] {
    skipIgnored()
    if scanner.isAt("reabstraction thunk") { return Array("reabstraction thunk".utf8) }
    if let closure = takeClosure() { return closure }
    for phrase in Self.kept where scanner.isAt(phrase) {
      _ = scanner.take(phrase)
      return Array(phrase.description.utf8) + takeRest()
    }
    return takePath()
  }

  private mutating func takeRest() -> [UInt8] {
    guard depth < Self.maximumDepth else { return Array("…".utf8) }
    return Self.of(scanner.rest, depth: depth + 1)
  }

  private mutating func skipIgnored() {
    var again = true
    while again {
      again = Self.ignored.contains { scanner.take($0) }
      for phrase in Self.specializations where scanner.isAt(phrase) {
        while scanner.current != UInt8(ascii: "<") { scanner.position += 1 }
        scanner.skipBrackets()
        again = scanner.take(" of ")
      }
      if scanner.current == UInt8(ascii: "("), skipResumePoint() { again = true }
    }
  }

  /// `(2) suspend resume partial function for`, an async function after its second suspension.
  private mutating func skipResumePoint() -> Bool {
    var ahead = scanner
    ahead.skipBrackets()
    guard
      ahead.take(" suspend resume partial function for ")
        || ahead.take(" await resume partial function for ")
    else { return false }
    scanner = ahead
    return true
  }
}

extension SwiftShortName {
  /// `closure #1 (Swift.Int) -> () in main.f() -> ()` as `closure #1 in f()`.
  private mutating func takeClosure() -> [UInt8]? {
    guard scanner.isAt("closure #") || scanner.isAt("implicit closure #") else { return nil }
    var name: [UInt8] = []
    while scanner.current != UInt8(ascii: "#"), !scanner.isAtEnd { takeByte(into: &name) }
    takeByte(into: &name)
    takeDigits(into: &name)
    return skipToOwner() ? name + Array(" in ".utf8) + takeRest() : name
  }

  /// Goes behind the next ` in ` that is in no brackets.
  private mutating func skipToOwner() -> Bool {
    while !scanner.isAtEnd {
      if scanner.take(" in ") { return true }
      skipOne()
    }
    return false
  }

  /// One byte, one arrow, or a whole bracket.
  private mutating func skipOne() {
    switch scanner.current {
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "<"): scanner.skipBrackets()
    case UInt8(ascii: "-") where scanner.isAt("->"): scanner.position += 2
    default: scanner.position += 1
    }
  }

  private mutating func takeByte(into name: inout [UInt8]) {
    if !scanner.isAtEnd { name.append(scanner.current) }
    scanner.position += 1
  }

  private mutating func takeDigits(into name: inout [UInt8]) {
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(scanner.current) {
      takeByte(into: &name)
    }
  }
}

extension SwiftShortName {
  /// `Module.Type.method<A>(label: Type) throws -> Type` as `Type.method(label:)`.
  private mutating func takePath() -> [UInt8] {
    var components: [[UInt8]] = []
    repeat { components.append(takeComponent()) } while scanner.take(".")
    if components.count > 1 { components.removeFirst() }
    var path = Array(components.joined(separator: [UInt8(ascii: ".")]))
    if scanner.isAt(" #") {
      // A function inside a function: `inner #1 (x: Int) -> () in m.outer()`.
      while scanner.current != UInt8(ascii: "("), !scanner.isAtEnd { takeByte(into: &path) }
      while path.last == UInt8(ascii: " ") { path.removeLast() }
      if skipToOwner() { path += Array(" in ".utf8) + takeRest() }
      return path
    }
    if scanner.current == UInt8(ascii: "(") { path += takeLabels() }
    return path
  }

  private mutating func takeComponent() -> [UInt8] {
    var name: [UInt8] = []
    if scanner.isAt("(extension in ") {
      scanner.skipBrackets()
      _ = scanner.take(":")
    }
    if scanner.current == UInt8(ascii: "(") { name = takePrivateName() }
    if Self.isOperator(scanner.current) {
      while Self.isOperator(scanner.current) { takeByte(into: &name) }
      for kind in [" infix", " prefix", " postfix"] as [StaticString] { _ = scanner.take(kind) }
    }
    while !scanner.isAtEnd, !". :(".utf8.contains(scanner.current) {
      if scanner.current == UInt8(ascii: "<") || scanner.current == UInt8(ascii: "[") {
        scanner.skipBrackets()
      } else {
        takeByte(into: &name)
      }
    }
    if scanner.isAt(" infix") || scanner.isAt(" prefix") || scanner.isAt(" postfix") {
      // An operator made of letters of other alphabets.
      scanner.position += 1
      while !". <:(".utf8.contains(scanner.current), !scanner.isAtEnd { scanner.position += 1 }
    }
    if scanner.current == UInt8(ascii: "<") { scanner.skipBrackets() }
    return name
  }

  private static func isOperator(_ byte: UInt8) -> Bool {
    "/=-+!*%<>&|^~?".utf8.contains(byte)
  }

  /// `(name in _0123ABCD)`, a private declaration and a hash of its file.
  private mutating func takePrivateName() -> [UInt8] {
    let start = scanner.position + 1
    scanner.skipBrackets()
    let inside = Array(scanner.text[min(start, scanner.position)..<scanner.position])
    var owner = TextScanner(inside)
    while !owner.isAtEnd {
      if owner.isAt(" in _") { return Array(inside[..<owner.position]) }
      owner.position += 1
    }
    return Array(inside.dropLast())
  }

  /// `(Swift.Int, at: Swift.Int)` as `(_:at:)`.
  private mutating func takeLabels() -> [UInt8] {
    let start = scanner.position + 1
    scanner.skipBrackets()
    let end = max(start, scanner.position - 1)
    var inside = TextScanner(Array(scanner.text[start..<min(end, scanner.text.count)]))
    var labels: [UInt8] = [UInt8(ascii: "(")]
    while !inside.isAtEnd {
      labels += Self.label(inside.rest)
      labels.append(UInt8(ascii: ":"))
      while !inside.isAtEnd, inside.current != UInt8(ascii: ",") {
        switch inside.current {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "<"): inside.skipBrackets()
        case UInt8(ascii: "-") where inside.isAt("->"): inside.position += 2
        default: inside.position += 1
        }
      }
      inside.position += 2
    }
    return labels + [UInt8(ascii: ")")]
  }

  private static func label(_ parameter: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let name = parameter.prefix { TextScanner.isIdentifier($0) }
    let isLabel = parameter.dropFirst(name.count).first == UInt8(ascii: ":")
    return isLabel && !name.isEmpty ? name : [UInt8(ascii: "_")]
  }
}
