/// What a call frame program has said so far about the frame at one place of a function.
struct FrameState {
  /// How the canonical frame address is found.
  enum CFA {
    case unset
    case register(UInt64, offset: Int64)
    /// An expression that a rule can hold.
    case known(UnwindRule.CFA, Int32)
    /// Any other expression.
    case unknown
  }

  /// Where the caller's value of a register is.
  enum Saved {
    case unset
    case same
    case undefined
    case atCFA(Int64)
    /// The value itself is CFA + offset.
    case isCFA(Int64)
    /// At RBP + offset, by an expression.
    case atFramePointer(Int64)
    case elsewhere
  }

  var cfa = CFA.unset
  var framePointer = Saved.unset
  var returnAddress = Saved.unset
  var stackPointer = Saved.unset

  /// Numbers of registers in DWARF.
  ///
  /// - Source: System V ABI, AMD64 supplement, figure 3.36.
  enum Register {
    static let framePointer: UInt64 = 6
    static let stackPointer: UInt64 = 7
    static let returnAddress: UInt64 = 16
  }

  /// All but three registers are of no use here.
  @inline(__always)
  mutating func set(_ register: UInt64, _ saved: Saved) {
    switch register {
    case Register.framePointer: framePointer = saved
    case Register.stackPointer: stackPointer = saved
    case Register.returnAddress: returnAddress = saved
    default: break
    }
  }

  mutating func restore(_ register: UInt64, from initial: FrameState) {
    switch register {
    case Register.framePointer: framePointer = initial.framePointer
    case Register.stackPointer: stackPointer = initial.stackPointer
    case Register.returnAddress: returnAddress = initial.returnAddress
    default: break
    }
  }
}
