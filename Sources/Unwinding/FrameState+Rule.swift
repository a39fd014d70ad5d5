extension FrameState {
  /// What the walker needs to know, or why it is too much.
  @inline(__always)
  func rule(_ rule: inout UnwindRule) -> ComplexCause? {
    switch returnAddress {
    case .atCFA(-8): break
    case .undefined:
      rule = UnwindRule(.stop)
      return nil
    default: return .returnAddress
    }
    switch cfa {
    case .register(Register.stackPointer, let offset):
      guard let short = Int32(exactly: offset) else { return .offset }
      rule = UnwindRule(.stackPointer, cfaOffset: short)
    case .register(Register.framePointer, let offset):
      guard let short = Int32(exactly: offset) else { return .offset }
      rule = UnwindRule(.framePointer, cfaOffset: short)
    case .register, .unset: return .register
    case .known(let kind, let value): rule = UnwindRule(kind, cfaOffset: value)
    case .unknown: return .expression
    }
    switch stackPointer {
    case .unset, .isCFA(0): break
    default: return .stackPointer
    }
    return setFramePointer(of: &rule)
  }

  @inline(__always)
  private func setFramePointer(of rule: inout UnwindRule) -> ComplexCause? {
    switch framePointer {
    case .unset, .same: break
    case .undefined: rule.framePointer = .undefined
    case .atCFA(let offset):
      guard let short = Int16(exactly: offset) else { return .offset }
      rule.framePointer = .atCFA
      rule.framePointerOffset = short
    case .atFramePointer(let offset):
      guard let short = Int16(exactly: offset) else { return .offset }
      rule.framePointer = .atFramePointer
      rule.framePointerOffset = short
    case .isCFA, .elsewhere: return .framePointer
    }
    return nil
  }
}
