/// The kinds of files that hold a profile.
package enum ProfileFileFormat: String, Hashable, Sendable, CaseIterable {
  case html
  case svg
  case folded
  /// pprof in gzip form, as every tool writes it.
  case pprof
  /// pprof as the bare message.
  case rawPprof = "raw-pprof"
  case speedscope
  /// The text of `perf script`.
  case perfScript = "perf-script"

  package static let readable: [ProfileFileFormat] = [.folded, .pprof, .rawPprof, .perfScript]
  package static let writable: [ProfileFileFormat] = [
    .html, .svg, .folded, .pprof, .rawPprof, .speedscope,
  ]

  /// The format that a file's name asks for; nil if the suffix says nothing.
  package init?(path: String) {
    let name = path.lowercased()
    let suffixes: [(suffix: String, format: ProfileFileFormat)] = [
      (".html", .html), (".htm", .html), (".svg", .svg), (".folded", .folded), (".txt", .folded),
      (".collapsed", .folded), (".pb.gz", .pprof), (".pprof", .pprof), (".pb", .rawPprof),
      (".json", .speedscope), (".perf", .perfScript), (".script", .perfScript),
    ]
    guard let match = suffixes.first(where: { name.hasSuffix($0.suffix) }) else { return nil }
    self = match.format
  }

  /// The format of a file that starts with these bytes, not in gzip form; nil if it is none.
  ///
  /// Text that is not recognizably something else is folded: every line of it is checked.
  package init?(firstBytes bytes: Span<UInt8>) {
    let head = bytes.extracting(0..<min(bytes.count, 512))
    if Self.startsMessage(bytes) {
      self = .rawPprof
      return
    }
    for index in head.indices where Self.isBinary(head[index]) { return nil }
    var start = 0
    while start < bytes.count, bytes[start] <= 0x20 { start += 1 }
    guard start < bytes.count else {
      self = .folded
      return
    }
    switch bytes[start] {
    case UInt8(ascii: "{"): self = .speedscope
    case UInt8(ascii: "<"): self = Self.markup(head)
    default: self = Self.isPerfScript(bytes) ? .perfScript : .folded
    }
  }
}

extension ProfileFileFormat {
  private static func isBinary(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d
  }

  /// Whether the bytes start like a pprof message: its first field is the list of sample types, a
  /// message of at most two numbers.
  private static func startsMessage(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= 4, bytes[0] == 0x0a, bytes[1] >= 2, bytes[1] <= 22 else { return false }
    return bytes[2] == 0x08 || bytes[2] == 0x10
  }

  private static func markup(_ head: Span<UInt8>) -> ProfileFileFormat {
    let text = String(decoding: head.indices.map { head[$0] }, as: UTF8.self).lowercased()
    let hasTag = { (tag: String) in text.split(separator: "<").contains { $0.hasPrefix(tag) } }
    return hasTag("svg") && !hasTag("html") ? .svg : .html
  }

  /// Whether the first line that is no comment is the header of a sample.
  private static func isPerfScript(_ bytes: Span<UInt8>) -> Bool {
    var start = 0
    while start < bytes.count {
      let end = bytes.index(of: 0x0a, from: start) ?? bytes.count
      let line = bytes.extracting(start..<end)
      if line.indices.contains(where: { line[$0] > 0x20 }), line[0] != UInt8(ascii: "#") {
        guard let header = PerfScriptHeader(line) else { return false }
        let isIndentedNext = end + 1 < bytes.count && bytes[end + 1] == 0x09
        return header.hasTime || (!header.event.isEmpty && isIndentedNext)
      }
      start = end + 1
    }
    return false
  }
}
