/// What libunwind's callbacks need during one walk, and what they report back.
@safe final class WalkState {
  /// The copied stack, valid during the walk only.
  var stack = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Address of the first copied byte.
  var stackStart: UInt64 = 0
  /// How many of the bytes are of that stack; the others are of the stack below.
  var stackCount = 0
  var belowStart: UInt64 = 0
  var registers = UserRegisters()
  var module: UnwindModule?
  var bias: UInt64 = 0

  /// A read beyond the copied stack was asked for.
  var missedStack = false
  /// No unwind information covers the program counter.
  var foundNothing = false
  /// The unwind program would have harmed us; nothing more is read for this step.
  var refused = false
  /// Reads left until the step is given up: unwind programs come from foreign files, and an
  /// expression in one may loop for ever.
  var readsLeft = 0
  /// Reads left until the whole walk is given up, because every step may be as bad as the last.
  var walkReadsLeft = 0

  /// Enough for the longest real unwind program (64 KiB) byte by byte, with its table search.
  static let readsPerStep = 1 << 17

  /// Five times what 1,024 frames of as many functions need that were never seen before.
  static let readsPerWalk = 1 << 20

  func prepareWalk() { walkReadsLeft = Self.readsPerWalk }

  func prepareStep() {
    missedStack = false
    foundNothing = false
    refused = false
    readsLeft = Self.readsPerStep
  }

  func word(at address: UInt64) -> UInt64? {
    readsLeft -= 1
    walkReadsLeft -= 1
    guard readsLeft > 0, walkReadsLeft > 0, !foundNothing, !refused else { return nil }
    if let word = stackWord(at: address) { return word }
    if let module, case let inFile = address &- bias, module.extent.contains(inFile) {
      return module.word(at: inFile)
    }
    // At and above the stack pointer is stack that was not copied; anything else is no stack.
    let isStack =
      address &- stackStart < Self.largestStack
      || belowStart != 0 && address &- belowStart < Self.largestStack
    if isStack { missedStack = true }
    return nil
  }

  private func stackWord(at address: UInt64) -> UInt64? {
    let offset = address &- stackStart
    if stackCount >= 8, offset <= UInt64(stackCount - 8) {
      return unsafe stack.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
    }
    let belowCount = unsafe stack.count - stackCount
    let belowOffset = address &- belowStart
    guard belowCount >= 8, belowOffset <= UInt64(belowCount - 8) else { return nil }
    return unsafe stack.loadUnaligned(
      fromByteOffset: stackCount + Int(belowOffset), as: UInt64.self)
  }

  /// Eight MiB is the default limit of a main thread; this leaves room for larger ones.
  private static let largestStack: UInt64 = 1 << 30
}
