/// The name of generated code, apart from what the runtime says about it.
///
/// V8 writes `JS:*fib /srv/app.js:3:13`: a tag, the tier that compiled it (`~` interpreter, `^`
/// baseline, `+` middle, `*` optimized), then function, file, line and column. Tag and tier go, so
/// that the tiers of one function add up in a graph. Older versions write `LazyCompile:` for `JS:`.
/// All other names stay as they are: `Builtin:ArrayMap`, `java.lang.String::hashCode`.
struct JITName {
  let text: String
  let isInterpreted: Bool

  private static let tags = [
    "JS:", "LazyCompile:", "Function:", "Script:", "Eval:", "InterpretedFunction:",
  ].map { Array($0.utf8) }

  init(_ bytes: ArraySlice<UInt8>) {
    var name = bytes
    var isInterpreted = name.starts(with: Array("Interpreted".utf8))
    if let tag = Self.tags.first(where: { bytes.starts(with: $0) }) {
      name = name.dropFirst(tag.count)
      if let tier = name.first, "~^+*".utf8.contains(tier) {
        isInterpreted = isInterpreted || tier == UInt8(ascii: "~")
        name = name.dropFirst()
      }
      // A script's own code has no name: ` /srv/app.js:1:1`.
      if name.first == UInt8(ascii: " ") {
        self.init(text: "(anonymous)" + String(decoding: name, as: UTF8.self), isInterpreted)
        return
      }
    }
    self.init(text: String(decoding: name.isEmpty ? bytes : name, as: UTF8.self), isInterpreted)
  }

  private init(text: String, _ isInterpreted: Bool) {
    self.text = text
    self.isInterpreted = isInterpreted
  }
}
