internal import Demangling

/// Makes readable names of C++, Rust and Swift symbols; all others stay as they are.
///
/// A name that no demangler understands, or whose readable form exceeds a limit, stays mangled:
/// true, if hard to read.
package struct Demangler: Sendable {
  private let raw = RawDemangler()

  package init() {}

  package func demangle(_ symbol: some Collection<UInt8>) -> DemangledName {
    let name = CloneSuffix(of: Array(symbol))
    if let text = swift(name) { return name.restored(short: SwiftShortName.of(text), full: text) }
    if let text = rust(name) { return name.restored(short: RustShortName.of(text), full: text) }
    if let (short, full) = cxx(name) {
      return name.restored(short: CxxShortName.of(short), full: full)
    }
    let text = String(decoding: name.whole, as: UTF8.self)
    return DemangledName(short: String(decoding: name.original, as: UTF8.self), full: text)
  }

  private static let swiftPrefixes: [[UInt8]] = ["$s", "$S", "_$s", "_$S", "_T0", "$e", "_$e"].map {
    Array($0.utf8)
  }

  private func swift(_ name: CloneSuffix) -> [UInt8]? {
    guard Self.swiftPrefixes.contains(where: { name.original.starts(with: $0) }) else { return nil }
    guard let text = raw.demangle(name.original, as: .swift) else { return nil }
    return text.elementsEqual(name.original) ? nil : text
  }

  /// Tried before C++, which takes Rust's old names for its own and keeps their hashes.
  private func rust(_ name: CloneSuffix) -> [UInt8]? {
    guard name.original.starts(with: Array("_R".utf8)) || name.hasRustHash else { return nil }
    return raw.demangle(name.original, as: .rust)
  }

  private func cxx(_ name: CloneSuffix) -> (short: [UInt8], full: [UInt8])? {
    guard name.original.starts(with: Array("_Z".utf8)),
      let short = raw.demangle(name.original, as: .cxxWithoutParameters),
      let full = raw.demangle(name.original, as: .cxx)
    else { return nil }
    return (short, full)
  }
}
