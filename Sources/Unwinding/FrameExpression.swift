/// Recognizes the few DWARF expressions that compilers and linkers really write.
///
/// - Source: DWARF 4, section 7.7.1, for the numbers of operations.
enum FrameExpression {
  private enum Operation {
    static let dereference: UInt8 = 0x06
    static let addConstant: UInt8 = 0x23
    static let framePointer: UInt8 = 0x76
    static let stackPointer: UInt8 = 0x77
  }

  /// RSP + 8 + ((RIP & 15) >= n ? 8 : 0), which linkers write for stubs of the procedure linkage
  /// table; `n` is at index 6, as an operation for a literal.
  private static let linkageTable: [UInt8] = [
    0x77, 8, 0x80, 0, 0x3F, 0x1A, 0x30, 0x2A, 0x33, 0x24, 0x22,
  ]

  /// The CFA as the result of the expression in `range`.
  static func cfa(_ section: RawSpan, _ range: Range<Int>) -> FrameState.CFA {
    if let threshold = linkageThreshold(section, range) { return .known(.plt, threshold) }
    var cursor = ByteCursor(section, in: range)
    guard let operation = cursor.take(UInt8.self), let offset = cursor.takeSigned(),
      cursor.take(UInt8.self) == Operation.dereference
    else { return .unknown }
    var addend: UInt64 = 0
    while let next = cursor.take(UInt8.self) {
      guard next == Operation.addConstant, let more = cursor.takeUnsigned() else {
        return .unknown
      }
      addend = min(addend, UInt64(Int32.max)) &+ min(more, UInt64(Int32.max))
    }
    guard let value = UnwindRule.dereferenced(offset: offset, addend: addend) else {
      return .unknown
    }
    switch operation {
    case Operation.stackPointer: return .known(.dereferencedStackPointer, value)
    case Operation.framePointer: return .known(.dereferencedFramePointer, value)
    default: return .unknown
    }
  }

  private static func linkageThreshold(_ section: RawSpan, _ range: Range<Int>) -> Int32? {
    var cursor = ByteCursor(section, in: range)
    guard cursor.remaining == linkageTable.count else { return nil }
    var threshold: Int32 = 0
    for (index, expected) in linkageTable.enumerated() {
      guard let byte = cursor.take(UInt8.self) else { return nil }
      if index == 6 {
        guard (0x30...0x4F).contains(byte) else { return nil }
        threshold = Int32(byte &- 0x30)
      } else if byte != expected {
        return nil
      }
    }
    return threshold
  }

  /// Where a register was saved, as the result of the expression in `range`.
  static func saved(_ section: RawSpan, _ range: Range<Int>) -> FrameState.Saved {
    var cursor = ByteCursor(section, in: range)
    guard cursor.take(UInt8.self) == Operation.framePointer, let offset = cursor.takeSigned(),
      cursor.isAtEnd
    else { return .elsewhere }
    return .atFramePointer(offset)
  }
}
