/// Reads an unwind program before libunwind runs it, and refuses what would end or stall us.
///
/// The programs are foreign input, and libunwind 1.6 trusts them: `DW_CFA_register` with a large
/// number reads outside of its tables, a division of the smallest number by -1 is a fatal signal,
/// and a branch in an expression can loop. Compilers emit none of these.
///
/// - Source: DWARF 5, sections 2.5 and 6.4.2.
struct FrameProgramCheck {
  private let state: WalkState
  private var position: UInt64 = 0
  private var end: UInt64 = 0
  private var savedStates = 0

  /// Compilers nest one deep; each level costs libunwind some hundred bytes.
  private static let savedStatesMax = 64

  init(state: WalkState) { self.state = state }

  /// Whether every instruction of a program is whole and harmless.
  mutating func accepts(from start: UInt64, to end: UInt64) -> Bool {
    position = start
    self.end = end
    while position < end {
      guard acceptsInstruction() else { return false }
    }
    return position == end
  }

  private mutating func acceptsInstruction() -> Bool {
    guard let code = byte() else { return false }
    switch code {
    case 0x40...0x7f: return true  // advance_loc
    case 0x80...0xbf: return code & 0x3f < UserRegisters.count && number() != nil  // offset
    case 0xc0...0xff: return code & 0x3f < UserRegisters.count  // restore
    case 0x00: return true  // nop
    case 0x01: return skip(8)  // set_loc; no compiler for this machine uses it
    case 0x02: return skip(1)  // advance_loc1
    case 0x03: return skip(2)
    case 0x04: return skip(4)
    case 0x05, 0x0c, 0x11, 0x12, 0x14, 0x15, 0x2f: return register() && number() != nil
    case 0x06, 0x07, 0x08, 0x0d: return register()  // restore_extended … def_cfa_register
    case 0x09: return register() && register()
    case 0x0a: return saveState()
    case 0x0b: return restoreState()
    case 0x0e, 0x13, 0x2e: return number() != nil  // def_cfa_offset, args_size
    case 0x0f: return expression()  // def_cfa_expression
    case 0x10, 0x16: return register() && expression()
    default: return false
    }
  }

  private mutating func saveState() -> Bool {
    savedStates += 1
    return savedStates <= Self.savedStatesMax
  }

  private mutating func restoreState() -> Bool {
    savedStates -= 1
    return savedStates >= 0
  }

  private mutating func register() -> Bool {
    guard let number = number() else { return false }
    return number < UInt64(UserRegisters.count)
  }

  private mutating func expression() -> Bool {
    guard let count = number(), count <= end - position else { return false }
    let next = position + count
    while position < next {
      guard acceptsOperation(), position <= next else { return false }
    }
    return true
  }

  private mutating func acceptsOperation() -> Bool {
    guard let code = byte() else { return false }
    switch code {
    case 0x03, 0x0e, 0x0f: return skip(8)  // addr, const8u, const8s
    case 0x06, 0x12...0x14, 0x16, 0x17, 0x19, 0x1a: return true  // deref, dup, drop, over, swap, …
    case 0x08, 0x09, 0x15, 0x94: return skip(1)  // const1u, const1s, pick, deref_size
    case 0x0a, 0x0b: return skip(2)
    case 0x0c, 0x0d: return skip(4)
    case 0x10, 0x11, 0x23: return number() != nil  // constu, consts, plus_uconst
    case 0x1c, 0x1e...0x22, 0x24...0x27: return true  // minus, mul … xor; not division
    case 0x29...0x2e: return true  // comparisons
    case 0x30...0x4f: return true  // lit0 … lit31
    case 0x50...0x60: return true  // reg0 … reg16
    case 0x70...0x80: return number() != nil  // breg0 … breg16
    case 0x90: return register()  // regx
    case 0x92: return register() && number() != nil  // bregx
    case 0x96: return true  // nop
    default: return false
    }
  }

  private mutating func byte() -> UInt8? {
    guard position < end, let word = state.word(at: position) else { return nil }
    position += 1
    return UInt8(truncatingIfNeeded: word)
  }

  private mutating func skip(_ count: UInt64) -> Bool {
    guard count <= end - position else { return false }
    position += count
    return true
  }

  /// A LEB128 number of at most ten bytes, signed or not: only its length and small values matter.
  private mutating func number() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard let byte = byte() else { return nil }
      value |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
