/// What libunwind's callbacks need during one walk, and what they report back.
@safe final class WalkState {
  /// The copied stack, valid during the walk only.
  var stack = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Address of the first copied byte.
  var stackStart: UInt64 = 0
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
    let offset = address &- stackStart
    if unsafe stack.count >= 8, unsafe offset <= UInt64(stack.count - 8) {
      return unsafe stack.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
    }
    if let module, case let inFile = address &- bias, module.extent.contains(inFile) {
      return module.word(at: inFile)
    }
    // At and above the stack pointer is stack that was not copied; anything else is no stack.
    if address &- stackStart < Self.largestStack { missedStack = true }
    return nil
  }

  /// Eight MiB is the default limit of a main thread; this leaves room for larger ones.
  private static let largestStack: UInt64 = 1 << 30
}
