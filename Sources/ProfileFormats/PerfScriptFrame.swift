import ProfileModel

/// One line of a call chain in the text of `perf script`: `address symbol+0xoffset (module)`.
struct PerfScriptFrame: Equatable {
  var address: UInt64
  /// Where in the line the symbol is, without its offset; empty if unknown.
  var symbol: Range<Int>
  /// Where the module is, without parentheses; empty if unknown.
  var module: Range<Int>
  var isInlined = false

  /// Reads a line that starts with the address; nil if it is no frame.
  ///
  /// A demangled symbol may contain spaces and parentheses and so may a module, so the module is
  /// what stands between the last parenthesis and the one that it closes.
  init?(_ line: Span<UInt8>) {
    var cursor = ByteCursor(line)
    guard let address = cursor.takeHexadecimal(), cursor.isAtEnd || cursor.next == 0x20 else {
      return nil
    }
    self.address = address
    cursor.skip(0x20)
    var end = line.count
    while end > cursor.position, line[end - 1] <= 0x20 { end -= 1 }
    let start = cursor.position
    (symbol, module) = (start..<end, end..<end)
    if let open = Self.openingOfModule(line, start: start, end: end) {
      module = open + 1..<end - 1
      symbol = start..<max(start, open - 1)
    }
    symbol = symbol.lowerBound..<Self.withoutOffset(symbol, in: line)
    if Self.equals(line.extracting(symbol), "[unknown]") { symbol = start..<start }
    if Self.equals(line.extracting(module), "inlined") {
      isInlined = true
      module = end..<end
    }
    if Self.equals(line.extracting(module), "[unknown]") { module = end..<end }
  }

  /// The parenthesis that the line's last byte closes, if a space or nothing is before it.
  private static func openingOfModule(_ line: Span<UInt8>, start: Int, end: Int) -> Int? {
    guard end > start, line[end - 1] == UInt8(ascii: ")") else { return nil }
    var depth = 0
    var index = end
    while index > start {
      index -= 1
      if line[index] == UInt8(ascii: ")") { depth += 1 }
      if line[index] == UInt8(ascii: "(") { depth -= 1 }
      if depth == 0 { return index == start || line[index - 1] == 0x20 ? index : nil }
    }
    return nil
  }

  /// Where the symbol ends if `+0x…` is left out.
  private static func withoutOffset(_ symbol: Range<Int>, in line: Span<UInt8>) -> Int {
    guard let plus = line.lastIndex(of: UInt8(ascii: "+"), before: symbol.upperBound),
      plus > symbol.lowerBound, plus + 3 < symbol.upperBound, line[plus + 1] == 0x30,
      line[plus + 2] == UInt8(ascii: "x")
    else { return symbol.upperBound }
    for index in plus + 3..<symbol.upperBound where line[index].digitValue == nil {
      return symbol.upperBound
    }
    return plus
  }

  private static func equals(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
    let expected = "\(text)".utf8
    guard bytes.count == expected.count else { return false }
    return zip(bytes.indices, expected).allSatisfy { bytes[$0] == $1 }
  }
}

extension PerfScriptFrame {
  /// What kind of code a module holds, by the names that perf gives to modules.
  static func kind(ofModule path: String, address: UInt64) -> FrameKind {
    let base = path.split(separator: "/").last ?? ""
    if path.hasPrefix("[") {
      if path.hasPrefix("[JIT]") || path.hasPrefix("[anon") { return .jit }
      let userNames = ["[vdso]", "[vsyscall]", "[heap]", "[stack]", "[uprobes]"]
      return userNames.contains(path) ? .native : .kernel
    }
    if path.isEmpty { return address >= 0xffff_8000_0000_0000 ? .kernel : .native }
    if path.hasPrefix("//anon") || isGenerated(base) { return .jit }
    let isModule = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"].contains { base.hasSuffix($0) }
    return isModule || base.hasPrefix("vmlinux") || path.hasPrefix("bpf_prog_") ? .kernel : .native
  }

  /// `perf-PID.map`, and `jitted-PID-N.so`, which `perf inject` makes of a JIT dump.
  private static func isGenerated(_ base: Substring) -> Bool {
    (base.hasPrefix("perf-") && base.hasSuffix(".map"))
      || (base.hasPrefix("jitted-") && base.hasSuffix(".so"))
  }
}
