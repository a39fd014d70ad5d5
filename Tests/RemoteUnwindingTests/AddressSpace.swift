import RemoteUnwinding

/// Code at chosen addresses.
struct AddressSpace: CodeMap {
  var places: [(range: Range<UInt64>, place: CodePlace)] = []

  func place(at address: UInt64) -> CodePlace {
    places.first { $0.range.contains(address) }?.place ?? .nowhere
  }

  /// Addresses of functions that threads begin in.
  var threadStarts: Set<UInt64> = []

  func isThreadStart(at address: UInt64) -> Bool { threadStarts.contains(address) }

  /// Generated code in `range`.
  static func generated(_ range: Range<UInt64>) -> AddressSpace {
    AddressSpace(places: [(range, .generated)])
  }

  /// A synthetic image, loaded at `base`.
  static func file(_ module: UnwindModule, at base: UInt64) -> AddressSpace {
    AddressSpace(places: [
      (base..<base + UInt64(SyntheticModule.imageBytes), .file(module, bias: base))
    ])
  }
}

/// A stack of words, lowest address first.
struct SyntheticStack {
  static let bottom: UInt64 = 0x7fff_0000_0000
  var words: [UInt64]
  var base: UInt64?

  init(_ words: [UInt64], base: UInt64? = nil) {
    self.words = words
    self.base = base
  }

  static func address(_ index: Int) -> UInt64 { bottom &+ UInt64(bitPattern: Int64(index) * 8) }
}

/// What a walk found.
struct Found: Equatable {
  var end: WalkEnd
  var frames: [UInt64]
  var usedFramePointer: Bool
}

func walk(
  _ walker: StackWalker, from registers: UserRegisters, _ stack: SyntheticStack,
  in code: some CodeMap, limit: Int = 1_024
) -> Found {
  var frames: [UInt64] = []
  let bytes = unsafe stack.words.span.bytes
  let copy = StackCopy(
    address: SyntheticStack.bottom, count: bytes.byteCount, base: stack.base, bytes: bytes)
  let (end, usedFramePointer) = walker.walk(from: registers, stack: copy, in: code, limit: limit) {
    address, _ in frames.append(address)
  }
  return Found(end: end, frames: frames, usedFramePointer: usedFramePointer)
}

func registers(at address: UInt64, stackPointer: UInt64, framePointer: UInt64 = 0) -> UserRegisters
{
  var registers = UserRegisters()
  registers.programCounter = address
  registers.stackPointer = stackPointer
  registers.framePointer = framePointer
  return registers
}
