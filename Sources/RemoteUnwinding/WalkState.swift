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
  /// Reads left until the step is given up: unwind programs come from foreign files, and an
  /// expression in one may loop for ever.
  var readsLeft = 0

  /// Enough for the longest real unwind program (64 KiB) byte by byte, with its table search.
  static let readsPerStep = 1 << 17

  func prepareStep() {
    missedStack = false
    foundNothing = false
    readsLeft = Self.readsPerStep
  }

  func word(at address: UInt64) -> UInt64? {
    readsLeft -= 1
    guard readsLeft > 0, !foundNothing else { return nil }
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
