/// The function table that the Go linker writes in place of call frame information.
///
/// For each function it has a table of how far the stack pointer is below the return address, at
/// each instruction: what a stack growing by copying needs, and a profiler just the same.
///
/// - Source: the layout of Go 1.2, 1.16, 1.18 and 1.20, as `runtime/symtab.go` reads it.
package struct GoFunctionTable: ~Escapable {
  /// Bytes of the layout that differ between versions.
  private enum Layout {
    /// Go 1.2 to 1.15: everything counts from the start, addresses are whole.
    case go1_2
    /// Go 1.16 and 1.17: parts have their own places.
    case go1_16
    /// Go 1.18 and later: addresses count from the start of the text.
    case go1_18
    /// Go 1.20 and later: a line number more in each function.
    case go1_20
  }

  /// One function.
  struct Function {
    let start: UInt64
    let end: UInt64
    /// Bytes that say what is special about it.
    let flags: UInt8
    /// Where its table of stack depths begins, in the whole; 0 if it has none.
    let depths: Int
    /// Where its name begins.
    let name: Int
  }

  private let bytes: RawSpan
  private let layout: Layout
  private let textStart: UInt64
  private let names: Int
  private let values: Int
  private let functions: Int
  /// Where the pairs of address and place are.
  private let pairs: Int
  package let count: Int

  /// Real programs have some hundred thousand.
  private static let maximumCount: UInt64 = 1 << 22

  /// Nil if the bytes are no such table, or one that wick does not know.
  ///
  /// `textStart` finds the address of `runtime.text`, which position-independent programs and
  /// Go 1.26 and later leave open.
  @_lifetime(copy bytes)
  package init?(_ bytes: Span<UInt8>, textStart: () -> UInt64?) {
    self.bytes = bytes.raw
    var cursor = ByteCursor(bytes.raw)
    guard let layout = Self.layout(&cursor), let count = cursor.take(UInt64.self),
      count > 0, count <= Self.maximumCount
    else { return nil }
    self.layout = layout
    self.count = Int(count)
    guard layout != .go1_2 else {
      (names, values, functions) = (0, 0, 0)
      pairs = cursor.position
      self.textStart = 0
      return
    }
    // Behind the count: that of files, perhaps the start of the text, then the places of names,
    // compilation units, files, values and functions.
    guard cursor.skip(8) else { return nil }
    var start: UInt64 = 0
    if layout != .go1_16 {
      guard let told = cursor.take(UInt64.self), let known = told != 0 ? told : textStart()
      else { return nil }
      start = known
    }
    self.textStart = start
    guard let names = cursor.take(UInt64.self), cursor.skip(16),
      let values = cursor.take(UInt64.self), let functions = cursor.take(UInt64.self),
      max(names, values, functions) < UInt64(bytes.count)
    else { return nil }
    self.names = Int(names)
    self.values = Int(values)
    self.functions = Int(functions)
    pairs = Int(functions)
  }

  /// Magic number, two zeros, the smallest instruction (1 on x86) and the size of a pointer.
  private static func layout(_ cursor: inout ByteCursor) -> Layout? {
    guard let magic = cursor.take(UInt32.self), cursor.take(UInt32.self) == 0x0801_0000 else {
      return nil
    }
    switch magic {
    case 0xFFFF_FFFB: return .go1_2
    case 0xFFFF_FFFA: return .go1_16
    case 0xFFFF_FFF0: return .go1_18
    case 0xFFFF_FFF1: return .go1_20
    default: return nil
    }
  }

  /// How such a table begins, to find it in a file without sections.
  package static let signatures: [[UInt8]] = [0xFB, 0xFA, 0xF0, 0xF1].map {
    [$0, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8]
  }
}

extension GoFunctionTable {
  private var hasWideAddresses: Bool { layout == .go1_2 || layout == .go1_16 }

  /// The address and the place of the pair at `index`.
  private func pair(_ index: Int) -> (address: UInt64, place: UInt64)? {
    var cursor = ByteCursor(bytes, from: pairs &+ index &* (hasWideAddresses ? 16 : 8))
    if hasWideAddresses {
      guard let address = cursor.take(UInt64.self), let place = cursor.take(UInt64.self)
      else { return nil }
      return (address, place)
    }
    guard let distance = cursor.take(UInt32.self), let place = cursor.take(UInt32.self)
    else { return nil }
    return (textStart &+ UInt64(distance), UInt64(place))
  }

  /// The first address behind the last function.
  private var end: UInt64? {
    var cursor = ByteCursor(bytes, from: pairs &+ count &* (hasWideAddresses ? 16 : 8))
    return hasWideAddresses
      ? cursor.take(UInt64.self) : cursor.take(UInt32.self).map { textStart &+ UInt64($0) }
  }

  /// The functions as keys of `FrameReader.sortedFunctions`, with a mark.
  func keys(in text: TextRanges, _ statistics: inout UnwindTableStatistics) -> [UInt64] {
    var keys: [UInt64] = []
    for index in 0..<count {
      guard let start = pair(index)?.address else {
        statistics.isTruncated = true
        break
      }
      statistics.functionCount &+= 1
      guard start != 0, text.end(around: start) != nil else {
        statistics.outsideCount &+= 1
        continue
      }
      keys.append((start &- text.base) << 32 | Self.mark | UInt64(index))
    }
    return keys
  }

  /// Tells a function of Go from an offset of an FDE.
  static let mark: UInt64 = 1 << 31

  func function(_ index: Int) -> Function? {
    guard let (start, place) = pair(index),
      let end = index + 1 < count ? pair(index + 1)?.address : end,
      start < end, place < UInt64(bytes.byteCount)
    else { return nil }
    // Address (8 or 4 bytes), name, size of arguments, deferreturn, then the depths.
    var cursor = ByteCursor(bytes, from: functions &+ Int(place))
    guard cursor.skip(hasWideAddresses ? 8 : 4), let name = cursor.take(UInt32.self),
      cursor.skip(8), let depths = cursor.take(UInt32.self)
    else { return nil }
    return Function(
      start: start, end: end, flags: flags(cursor), depths: depths == 0 ? 0 : values &+ Int(depths),
      name: names &+ Int(name))
  }

  /// Files, lines, count of tables, unit, perhaps a line, then the id, then the flags.
  private func flags(_ depths: consuming ByteCursor) -> UInt8 {
    guard layout != .go1_2, depths.skip(layout == .go1_20 ? 21 : 17) else { return 0 }
    return depths.take(UInt8.self) ?? 0
  }

  /// Whether the name of a function is one of these.
  func name(of function: Function, isIn known: [[UInt8]]) -> Bool {
    known.contains { wanted in
      var cursor = ByteCursor(bytes, from: function.name)
      for byte in wanted where cursor.take(UInt8.self) != byte { return false }
      // Assembly is marked with the convention of its arguments in some versions.
      return cursor.take(UInt8.self).map { $0 == 0 || $0 == UInt8(ascii: ".") } ?? false
    }
  }

  /// The steps of a function's depth.
  @_lifetime(copy self)
  func depths(of function: Function) -> GoDepths {
    GoDepths(cursor: ByteCursor(bytes, from: function.depths), address: function.start)
  }
}
