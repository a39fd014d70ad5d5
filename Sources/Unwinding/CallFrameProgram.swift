/// Runs the instructions of a CIE or FDE, from one row to the next.
///
/// - Source: DWARF 4, section 6.4.2; the GNU extensions from the Linux Standard Base and GDB.
struct CallFrameProgram {
  /// Why a run stopped.
  enum Stop: Equatable {
    /// The state holds up to so many bytes of code further on.
    case advance(UInt64)
    /// The state holds up to this address.
    case moveTo(UInt64)
    /// The state holds up to the end of the function.
    case end
    /// What the state is cannot be told any more.
    case malformed
  }

  var state = FrameState()
  private var remembered: [FrameState] = []
  private let kind: FrameSectionKind
  private let sectionAddress: UInt64

  /// Compilers nest two or three deep.
  private static let maximumDepth = 64

  init(kind: FrameSectionKind, sectionAddress: UInt64) {
    self.kind = kind
    self.sectionAddress = sectionAddress
  }

  mutating func reset(to initial: FrameState) {
    state = initial
    remembered.removeAll(keepingCapacity: true)
  }

  /// Carries out instructions until one advances.
  mutating func run(
    _ cursor: inout ByteCursor, of owner: borrowing CommonInformation, in section: RawSpan
  ) -> Stop {
    while let instruction = cursor.take(UInt8.self) {
      let operand = UInt64(instruction & 0x3F)
      switch instruction >> 6 {
      case 1: return Self.advance(operand, owner)
      case 2:
        guard let offset = cursor.takeUnsigned() else { return .malformed }
        state.set(operand, .atCFA(Int64(truncatingIfNeeded: offset) &* owner.dataAlignment))
      case 3: state.restore(operand, from: owner.initial)
      default:
        guard let stop = run(instruction, &cursor, owner, section) else { continue }
        return stop
      }
    }
    return .end
  }

  private static func advance(_ count: UInt64?, _ owner: borrowing CommonInformation) -> Stop {
    guard let count else { return .malformed }
    let (distance, isTooFar) = count.multipliedReportingOverflow(by: owner.codeAlignment)
    return .advance(isTooFar ? UInt64.max : distance)
  }
}

extension CallFrameProgram {
  private enum Instruction {
    static let none: UInt8 = 0x00
    static let setLocation: UInt8 = 0x01
    static let advance1: UInt8 = 0x02
    static let advance2: UInt8 = 0x03
    static let advance4: UInt8 = 0x04
    static let offsetExtended: UInt8 = 0x05
    static let restoreExtended: UInt8 = 0x06
    static let undefined: UInt8 = 0x07
    static let sameValue: UInt8 = 0x08
    static let register: UInt8 = 0x09
    static let remember: UInt8 = 0x0A
    static let restoreState: UInt8 = 0x0B
    static let cfa: UInt8 = 0x0C
    static let cfaRegister: UInt8 = 0x0D
    static let cfaOffset: UInt8 = 0x0E
    static let cfaExpression: UInt8 = 0x0F
    static let expression: UInt8 = 0x10
    static let offsetExtendedSigned: UInt8 = 0x11
    static let cfaSigned: UInt8 = 0x12
    static let cfaOffsetSigned: UInt8 = 0x13
    static let valueOffset: UInt8 = 0x14
    static let valueOffsetSigned: UInt8 = 0x15
    static let valueExpression: UInt8 = 0x16
    static let advance8: UInt8 = 0x1D
    static let argumentsSize: UInt8 = 0x2E
    static let negativeOffset: UInt8 = 0x2F
  }

  /// One instruction without an operand in its upper bits; nil if the run goes on.
  private mutating func run(
    _ instruction: UInt8, _ cursor: inout ByteCursor, _ owner: borrowing CommonInformation,
    _ section: RawSpan
  ) -> Stop? {
    switch instruction {
    case Instruction.none: return nil
    case Instruction.setLocation:
      guard
        let address = owner.encoding.takeAddress(&cursor, sectionAddress: sectionAddress)
      else { return .malformed }
      return .moveTo(address)
    case Instruction.advance1: return Self.advance(cursor.take(UInt8.self).map(UInt64.init), owner)
    case Instruction.advance2: return Self.advance(cursor.take(UInt16.self).map(UInt64.init), owner)
    case Instruction.advance4: return Self.advance(cursor.take(UInt32.self).map(UInt64.init), owner)
    case Instruction.advance8: return Self.advance(cursor.take(UInt64.self), owner)
    case Instruction.remember:
      guard remembered.count < Self.maximumDepth else { return .malformed }
      remembered.append(state)
      return nil
    case Instruction.restoreState:
      guard let last = remembered.popLast() else { return .malformed }
      state = last
      return nil
    case Instruction.cfa...Instruction.cfaExpression, Instruction.cfaSigned,
      Instruction.cfaOffsetSigned:
      return setCFA(instruction, &cursor, owner, section) ? nil : .malformed
    case Instruction.argumentsSize: return cursor.takeUnsigned() == nil ? .malformed : nil
    default: return setRegister(instruction, &cursor, owner, section) ? nil : .malformed
    }
  }

  private mutating func setCFA(
    _ instruction: UInt8, _ cursor: inout ByteCursor, _ owner: borrowing CommonInformation,
    _ section: RawSpan
  ) -> Bool {
    switch instruction {
    case Instruction.cfa, Instruction.cfaSigned:
      guard let register = cursor.takeUnsigned(),
        let offset = Self.takeOffset(&cursor, owner, isSigned: instruction == Instruction.cfaSigned)
      else { return false }
      state.cfa = .register(register, offset: offset)
    case Instruction.cfaRegister:
      guard let register = cursor.takeUnsigned(), case .register(_, let offset) = state.cfa
      else { return false }
      state.cfa = .register(register, offset: offset)
    case Instruction.cfaOffset, Instruction.cfaOffsetSigned:
      guard
        let offset = Self.takeOffset(
          &cursor, owner, isSigned: instruction == Instruction.cfaOffsetSigned),
        case .register(let register, _) = state.cfa
      else { return false }
      state.cfa = .register(register, offset: offset)
    default:
      guard let range = Self.takeBlock(&cursor) else { return false }
      state.cfa = FrameExpression.cfa(section, range)
    }
    return true
  }

  private mutating func setRegister(
    _ instruction: UInt8, _ cursor: inout ByteCursor, _ owner: borrowing CommonInformation,
    _ section: RawSpan
  ) -> Bool {
    guard let register = cursor.takeUnsigned() else { return false }
    switch instruction {
    case Instruction.restoreExtended: state.restore(register, from: owner.initial)
    case Instruction.undefined: state.set(register, .undefined)
    case Instruction.sameValue: state.set(register, .same)
    case Instruction.register:
      guard cursor.takeUnsigned() != nil else { return false }
      state.set(register, .elsewhere)
    case Instruction.expression:
      guard let range = Self.takeBlock(&cursor) else { return false }
      state.set(register, FrameExpression.saved(section, range))
    case Instruction.valueExpression:
      guard Self.takeBlock(&cursor) != nil else { return false }
      state.set(register, .elsewhere)
    case Instruction.offsetExtended, Instruction.negativeOffset:
      guard let offset = cursor.takeUnsigned() else { return false }
      let distance = Int64(truncatingIfNeeded: offset) &* owner.dataAlignment
      state.set(
        register, .atCFA(instruction == Instruction.negativeOffset ? 0 &- distance : distance))
    case Instruction.offsetExtendedSigned:
      guard let offset = cursor.takeSigned() else { return false }
      state.set(register, .atCFA(offset &* owner.dataAlignment))
    case Instruction.valueOffset:
      guard let offset = cursor.takeUnsigned() else { return false }
      state.set(register, .isCFA(Int64(truncatingIfNeeded: offset) &* owner.dataAlignment))
    case Instruction.valueOffsetSigned:
      guard let offset = cursor.takeSigned() else { return false }
      state.set(register, .isCFA(offset &* owner.dataAlignment))
    default: return false
    }
    return true
  }

  private static func takeOffset(
    _ cursor: inout ByteCursor, _ owner: borrowing CommonInformation, isSigned: Bool
  ) -> Int64? {
    isSigned
      ? cursor.takeSigned().map { [factor = owner.dataAlignment] in $0 &* factor }
      : cursor.takeUnsigned().map { Int64(truncatingIfNeeded: $0) }
  }

  /// The place of an expression, which has its size before it.
  private static func takeBlock(_ cursor: inout ByteCursor) -> Range<Int>? {
    guard let size = cursor.takeUnsigned() else { return nil }
    let start = cursor.position
    return cursor.skip(size) ? start..<cursor.position : nil
  }
}
