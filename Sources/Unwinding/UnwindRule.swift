/// How to find the caller of a frame: one row's worth of unwind information, in eight bytes.
///
/// The return address is always in the word below the CFA; what is different is `complex`.
package struct UnwindRule: Hashable, Sendable {
  /// How to find the canonical frame address (CFA), the stack pointer before the call.
  package enum CFA: UInt8, Sendable {
    /// Nothing covers the address: a gap.
    case none = 0
    /// RSP + `cfaOffset`.
    case stackPointer = 1
    /// RBP + `cfaOffset`.
    case framePointer = 2
    /// A stub of the procedure linkage table: RSP + 8, and 8 more where `address & 15` is at least
    /// `cfaOffset`.
    case plt = 3
    /// The word at RSP + offset, plus an addend: see `dereferenced(offset:addend:)`.
    case dereferencedStackPointer = 4
    /// The word at RBP + offset, plus an addend.
    case dereferencedFramePointer = 5
    /// The kernel's signal frame lies at RSP.
    case signalFrame = 6
    /// There is no caller: the return address is undefined.
    case stop = 7
    /// More than a rule can say.
    case complex = 8
    /// RBP leads to the caller's frame, perhaps on another stack (Go's `systemstack`).
    case frameChain = 9
  }

  /// Where the caller's RBP is.
  package enum FramePointer: UInt8, Sendable {
    /// It was not changed.
    case same = 0
    /// At the CFA + `framePointerOffset`.
    case atCFA = 1
    /// Nobody can tell.
    case undefined = 2
    /// At RBP + `framePointerOffset`.
    case atFramePointer = 3
  }

  package var cfa: CFA
  package var framePointer: FramePointer
  /// Bytes.
  package var framePointerOffset: Int16
  /// Bytes; for `plt` the threshold, for the dereferenced ones two numbers.
  package var cfaOffset: Int32

  package init(
    _ cfa: CFA, cfaOffset: Int32 = 0, framePointer: FramePointer = .same,
    framePointerOffset: Int16 = 0
  ) {
    self.cfa = cfa
    self.cfaOffset = cfaOffset
    self.framePointer = framePointer
    self.framePointerOffset = framePointerOffset
  }
}

extension UnwindRule {
  /// `cfaOffset` of a dereferenced CFA: `offset` in the lower 24 bits, `addend` in the upper 8.
  ///
  /// Nil if they do not fit. An addend has 7 bits, so that its sign never matters.
  package static func dereferenced(offset: Int64, addend: UInt64) -> Int32? {
    guard (-(1 << 23)..<(1 << 23)).contains(offset), addend < 128 else { return nil }
    return Int32(truncatingIfNeeded: offset & 0xFF_FFFF) | Int32(truncatingIfNeeded: addend << 24)
  }

  /// `struct unwind_rule` of BPF/shared/unwind.h as a little-endian word.
  package var word: UInt64 {
    UInt64(cfa.rawValue) | UInt64(framePointer.rawValue) << 8
      | UInt64(UInt16(bitPattern: framePointerOffset)) << 16
      | UInt64(UInt32(bitPattern: cfaOffset)) << 32
  }

  /// Nil for a word that means nothing.
  package init?(word: UInt64) {
    guard let cfa = CFA(rawValue: UInt8(truncatingIfNeeded: word)),
      let framePointer = FramePointer(rawValue: UInt8(truncatingIfNeeded: word >> 8))
    else { return nil }
    self.init(
      cfa, cfaOffset: Int32(truncatingIfNeeded: word >> 32), framePointer: framePointer,
      framePointerOffset: Int16(truncatingIfNeeded: word >> 16))
  }
}
