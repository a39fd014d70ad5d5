/// A symbol's name apart from what the compiler appended when it copied or split the function.
///
/// Such as `.isra.0`, `.constprop.1`, `.part.2`, `.cold`, `.llvm.123`. The parts are one function
/// in the source, so the short name has none of them, and a graph adds them up. The full name
/// shows them as `[clone .cold]`.
struct CloneSuffix {
  let whole: [UInt8]
  /// The name before the suffix.
  let original: ArraySlice<UInt8>

  private static let words = Set(
    ["isra", "constprop", "part", "cold", "lto_priv", "llvm", "localalias", "warm"].map {
      Array($0.utf8)
    })

  init(of name: [UInt8]) {
    whole = name
    var end = name.endIndex
    while let start = Self.suffixStart(name[..<end]) { end = start }
    original = name[..<end]
  }

  /// Where the last `.word` or `.word.digits` begins; nil if the name does not end in one.
  private static func suffixStart(_ name: ArraySlice<UInt8>) -> Int? {
    let dot = UInt8(ascii: ".")
    guard var start = name.lastIndex(of: dot) else { return nil }
    var word = name[(start + 1)...]
    if !word.isEmpty, word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      guard let previous = name[..<start].lastIndex(of: dot) else { return nil }
      word = name[(previous + 1)..<start]
      start = previous
    }
    return start > name.startIndex && words.contains(Array(word)) ? start : nil
  }

  /// Whether it ends as Rust's first mangling does: a hash of 16 digits, as its own path element.
  var hasRustHash: Bool {
    original.starts(with: Array("_ZN".utf8)) && original.count > 23
      && original.last == UInt8(ascii: "E")
      && original.suffix(20).starts(with: Array("17h".utf8))
  }

  func restored(short: [UInt8], full: [UInt8]) -> DemangledName {
    let text = String(decoding: full, as: UTF8.self)
    let suffix = String(decoding: whole[original.endIndex...], as: UTF8.self)
    return DemangledName(
      short: short.isEmpty ? text : String(decoding: short, as: UTF8.self),
      full: suffix.isEmpty ? text : "\(text) [clone \(suffix)]")
  }
}
