/// Shortens a Rust name that was demangled without its hash.
///
/// `alloc::vec::Vec<T>::push` becomes `alloc::vec::Vec::push`, and
/// `<alloc::vec::Vec<T> as core::ops::Drop>::drop` keeps type and trait: without them every
/// implementation of a trait would have one name. `<foo::Bar>::new` is `foo::Bar::new`.
struct RustShortName {
  private var scanner: TextScanner
  private var short: [UInt8] = []

  /// Types within types that are shortened; what is deeper is left out.
  private static let maximumDepth = 8
  private let depth: Int

  static func of(_ text: [UInt8]) -> [UInt8] { of(text, depth: 0) }

  private static func of(_ text: [UInt8], depth: Int) -> [UInt8] {
    var shortener = RustShortName(scanner: TextScanner(text), depth: depth)
    shortener.run()
    return shortener.short
  }

  private init(scanner: TextScanner, depth: Int) {
    self.scanner = scanner
    self.depth = depth
  }

  private mutating func run() {
    while !scanner.isAtEnd {
      switch scanner.current {
      case UInt8(ascii: "<") where isAtPathStart: takeQualifiedType()
      case UInt8(ascii: "<"): scanner.skipBrackets()
      case UInt8(ascii: ":") where scanner.isAt("::<") && !scanner.isAt("::<impl "):
        scanner.position += 2
        scanner.skipBrackets()
      case UInt8(ascii: "-") where scanner.isAt("->"):
        short += "->".utf8
        scanner.position += 2
      default:
        short.append(scanner.current)
        scanner.position += 1
      }
    }
  }

  /// Whether an angle bracket here begins a type, and does not hold the arguments of one.
  private var isAtPathStart: Bool {
    guard let last = short.last else { return true }
    return ": &*([,".utf8.contains(last)
  }

  /// `<Type as Trait>`, `<impl Trait for Type>` or `<Type>`, each part shortened.
  private mutating func takeQualifiedType() {
    let start = scanner.position
    scanner.skipBrackets()
    let end = scanner.position - 1
    guard depth < Self.maximumDepth, end > start + 1, scanner.text[end] == UInt8(ascii: ">")
    else { return }
    let inside = Self.of(Array(scanner.text[(start + 1)..<end]), depth: depth + 1)
    let isPath = inside.allSatisfy { TextScanner.isIdentifier($0) || $0 == UInt8(ascii: ":") }
    short += isPath ? inside : [UInt8(ascii: "<")] + inside + [UInt8(ascii: ">")]
  }
}
