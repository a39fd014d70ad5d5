/// Where in a function's first instructions a probe costs least.
///
/// The kernel emulates pushes, branches and the nop; any other instruction under a probe is stepped
/// over, which is a second trap, and where a hypervisor handles that one it costs 10 µs. So a probe
/// goes past instructions that leave the arguments and the stack pointer alone, to the first that is
/// emulated.
///
/// - Source: kernel, arch/x86/kernel/uprobes.c, `arch_uprobe_analyze_insn`.
struct ProbePlace {
  /// Registers by their numbers in instructions.
  struct Registers: OptionSet {
    let rawValue: UInt16
    static let rdx = Registers(rawValue: 1 << 2)
    static let rsp = Registers(rawValue: 1 << 4)
    static let rsi = Registers(rawValue: 1 << 6)
    static let rdi = Registers(rawValue: 1 << 7)
  }

  /// How far from its beginning a function is looked at.
  private static let distanceLimit = 64

  /// Offset of the place from the function's first byte; 0 where there is no better one.
  ///
  /// At the place, the registers `kept` still hold the arguments. `code` is the function, from its first
  /// byte on.
  static func offset(in code: [UInt8], keeping kept: Registers) -> Int {
    var position = 0
    while position < min(code.count, distanceLimit) {
      guard let instruction = Instruction(code[position...]) else { return 0 }
      if instruction.isEmulated {
        return position == 0 || !isTarget(position, in: code) ? position : 0
      }
      guard instruction.changes.isDisjoint(with: kept.union(.rsp)) else { return 0 }
      position += instruction.length
    }
    return 0
  }

  /// Whether some bytes of the function are a jump to the place: then it may be reached twice in a
  /// call.
  private static func isTarget(_ place: Int, in code: [UInt8]) -> Bool {
    code.indices.contains { index in
      let target: Int? =
        switch code[index] {
        case 0x70...0x7F, 0xEB: code.signed8(at: index + 1).map { index + 2 + $0 }
        case 0xE9: code.signed32(at: index + 1).map { index + 5 + $0 }
        case 0x0F where code.byte(at: index + 1).map { $0 & 0xF0 == 0x80 } ?? false:
          code.signed32(at: index + 2).map { index + 6 + $0 }
        default: nil
        }
      return target == place
    }
  }
}

/// As much of an x86-64 instruction as it takes to step over it.
///
/// - Source: Intel 64 Architectures Software Developer's Manual, volume 2, appendix A.
private struct Instruction {
  private(set) var length = 0
  private(set) var isEmulated = false
  /// General registers that it writes.
  private(set) var changes: ProbePlace.Registers = []

  private let code: ArraySlice<UInt8>
  private var rex: UInt8 = 0

  /// Nil for all but the common instructions.
  init?(_ code: ArraySlice<UInt8>) {
    self.code = code
    // The segment of thread-local variables.
    if peek() == 0x64 || peek() == 0x65 { length += 1 }
    if let byte = peek(), byte & 0xF0 == 0x40 {
      rex = byte
      length += 1
    }
    guard let opcode = next() else { return nil }
    guard opcode == 0x0F || opcode == 0xF3 ? readLong(opcode) : read(opcode) else { return nil }
    guard length <= code.count else { return nil }
  }

  private mutating func read(_ opcode: UInt8) -> Bool {
    switch opcode {
    case 0x50...0x57, 0x70...0x7F, 0x90, 0xE8, 0xE9, 0xEB:
      isEmulated = true
      return true
    case 0x00...0x3F where opcode & 7 < 4:
      let isCompare = opcode >= 0x38
      return operands(toRegister: opcode & 2 != 0, isWritten: !isCompare, isByte: opcode & 1 == 0)
    case 0x84, 0x85: return operands(toRegister: false, isWritten: false, isByte: opcode == 0x84)
    case 0x88...0x8B:
      return operands(toRegister: opcode & 2 != 0, isWritten: true, isByte: opcode & 1 == 0)
    case 0x63, 0x8D: return operands(toRegister: true, isWritten: true)
    case 0x80, 0x81, 0x83:
      let isCompare = (peek() ?? 0) & 0x38 == 0x38
      return operands(
        toRegister: false, isWritten: !isCompare, isByte: opcode == 0x80,
        immediate: opcode == 0x81 ? 4 : 1)
    case 0xC0, 0xC1:
      return operands(toRegister: false, isWritten: true, isByte: opcode == 0xC0, immediate: 1)
    case 0xC6, 0xC7:
      return operands(
        toRegister: false, isWritten: true, isByte: opcode == 0xC6,
        immediate: opcode == 0xC6 ? 1 : 4)
    case 0xB8...0xBF:
      write(opcode & 7 | (rex & 1) << 3, isByte: false)
      length += rex & 8 != 0 ? 8 : 4
      return true
    default: return false
    }
  }

  /// Opcodes of two bytes, and `endbr64`.
  private mutating func readLong(_ first: UInt8) -> Bool {
    if first == 0xF3 {
      guard next() == 0x0F, next() == 0x1E, next() == 0xFA else { return false }
      return true
    }
    guard let opcode = next() else { return false }
    switch opcode {
    case 0x80...0x8F:
      isEmulated = true
      return true
    case 0x1F: return operands(toRegister: false, isWritten: false)
    case 0x40...0x4F, 0xB6, 0xB7, 0xBE, 0xBF: return operands(toRegister: true, isWritten: true)
    case 0x90...0x9F: return operands(toRegister: false, isWritten: true, isByte: true)
    default: return false
    }
  }

  /// Reads the ModRM byte and what follows from it.
  private mutating func operands(
    toRegister: Bool, isWritten: Bool, isByte: Bool = false, immediate: Int = 0
  ) -> Bool {
    guard let modrm = next() else { return false }
    let mode = modrm >> 6
    let memory = modrm & 7
    if isWritten && toRegister { write((modrm >> 3) & 7 | (rex & 4) << 1, isByte: isByte) }
    if mode == 3 {
      if isWritten && !toRegister { write(memory | (rex & 1) << 3, isByte: isByte) }
    } else {
      var hasBase = true
      if memory == 4 {
        guard let index = next() else { return false }
        hasBase = index & 7 != 5
      } else {
        hasBase = memory != 5
      }
      length += mode == 1 ? 1 : mode == 2 || !hasBase ? 4 : 0
    }
    length += immediate
    return true
  }

  private mutating func write(_ register: UInt8, isByte: Bool) {
    // Without a prefix, byte registers 4 to 7 are the upper halves of the first four.
    let number = isByte && rex == 0 ? register & 3 : register
    changes.insert(ProbePlace.Registers(rawValue: 1 << UInt16(number & 15)))
  }

  private func peek() -> UInt8? {
    length < code.count ? code[code.startIndex + length] : nil
  }

  private mutating func next() -> UInt8? {
    defer { length += 1 }
    return peek()
  }
}

extension [UInt8] {
  fileprivate func byte(at index: Int) -> UInt8? { index < count ? self[index] : nil }

  fileprivate func signed8(at index: Int) -> Int? {
    byte(at: index).map { Int(Int8(bitPattern: $0)) }
  }

  fileprivate func signed32(at index: Int) -> Int? {
    guard index + 4 <= count else { return nil }
    let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(self[index + $1]) << (8 * UInt32($1)) }
    return Int(Int32(bitPattern: word))
  }
}
