import CLibUnwind

/// Finds the callers of an interrupted thread from its registers and a copy of its stack.
///
/// One walker serves one address space, because libunwind caches what it learns about an address.
/// It touches neither the process nor its memory, so it works after the process has ended.
@safe package final class StackWalker {
  private let space: unw_addr_space_t
  /// For frames that were interrupted.
  ///
  /// libunwind's cache knows an address, but not whether it is one to return to, where the row in
  /// front of it applies. Behind a call that never returns, a block with another row may begin.
  private let interruptedSpace: unw_addr_space_t
  private let state = WalkState()
  private var cursor = unw_cursor_t()
  private var stackBase: UInt64?

  /// Nil when memory is short.
  package init?() {
    guard let space = unsafe wick_address_space_create(&Accessors.table) else { return nil }
    guard let interruptedSpace = unsafe wick_address_space_create(&Accessors.table) else {
      unsafe wick_address_space_destroy(space)
      return nil
    }
    unsafe self.space = space
    unsafe self.interruptedSpace = interruptedSpace
  }

  deinit {
    unsafe wick_address_space_destroy(space)
    unsafe wick_address_space_destroy(interruptedSpace)
  }

  /// Forgets what was learned; needed when another file is mapped over an earlier one.
  package func forget() {
    unsafe wick_address_space_flush(space)
    unsafe wick_address_space_flush(interruptedSpace)
  }

  /// Walks from `registers` to the start of the thread.
  ///
  /// - Parameters:
  ///   - registers: those of the thread when it was interrupted.
  ///   - stack: what there is of the thread's stack.
  ///   - code: what the process has mapped.
  ///   - limit: the most frames to find.
  ///   - frames: each frame's address is appended, leaf first; what it calls back is never empty.
  /// - Returns: why the walk ended, and whether a step had to trust a frame pointer.
  package func walk(
    from registers: UserRegisters, stack: borrowing StackCopy, in code: some CodeMap, limit: Int,
    frames: (_ address: UInt64, _ isReturnAddress: Bool) -> Void
  ) -> (end: WalkEnd, usedFramePointer: Bool) {
    state.stackStart = stack.address
    state.stackCount = min(stack.count, stack.bytes.byteCount)
    state.belowStart = stack.belowAddress
    stackBase = stack.base
    state.prepareWalk()
    return unsafe stack.bytes.withUnsafeBytes { bytes in
      unsafe state.stack = bytes
      defer { unsafe state.stack = UnsafeRawBufferPointer(start: nil, count: 0) }
      var walk = Walk(registers: registers)
      return (self.walk(&walk, in: code, limit: limit, frames: frames), walk.usedFramePointer)
    }
  }

  /// Where a walk stands.
  private struct Walk {
    var registers: UserRegisters
    /// The program counter is one behind a call.
    var isReturnAddress = false
    /// libunwind's cursor stands on this frame; if not, it must be set from `registers`.
    var cursorIsValid = false
    var usedFramePointer = false
    /// Every frame from here to the leaf was found by frame pointers.
    var trustsFramePointer = false

    init(registers: UserRegisters) { self.registers = registers }
  }

  private func walk(
    _ walk: inout Walk, in code: some CodeMap, limit: Int,
    frames: (UInt64, Bool) -> Void
  ) -> WalkEnd {
    for _ in 0..<limit {
      let address = walk.registers.programCounter
      frames(address, walk.isReturnAddress)
      let lookup = walk.isReturnAddress ? address &- 1 : address
      let ended: WalkEnd?
      switch code.place(at: lookup) {
      case .nowhere: ended = .noMapping
      case .unreadable: ended = stepByFramePointer(&walk, in: code, otherwise: .fileUnreadable)
      case .generated: ended = stepByFramePointer(&walk, in: code, otherwise: .noUnwindInfo)
      case .file(let module, let bias):
        state.module = module
        state.bias = bias
        ended = step(&walk, in: code)
      }
      if let ended {
        let mayBeStart = ended == .noUnwindInfo || ended == .noMapping
        return mayBeStart && code.isThreadStart(at: lookup) ? .start : ended
      }
      if walk.registers.programCounter == 0 { return .start }
    }
    return .tooManyFrames
  }

  /// One step by the file's unwind information, or else by frame pointer.
  private func step(_ walk: inout Walk, in code: some CodeMap) -> WalkEnd? {
    state.prepareStep()
    if !walk.cursorIsValid {
      state.registers = walk.registers
      // A fresh cursor takes its address for an interrupted one: point it into the call.
      if walk.isReturnAddress { state.registers.programCounter &-= 1 }
      let context = unsafe Unmanaged.passUnretained(state).toOpaque()
      let space = unsafe walk.isReturnAddress ? space : interruptedSpace
      guard unsafe wick_cursor_init(&cursor, space, context) == 0 else { return .badUnwindInfo }
      walk.cursorIsValid = true
    }
    let status = unsafe wick_cursor_step(&cursor)
    if state.foundNothing {
      if isProgramStart(walk.registers.stackPointer) { return .start }
      if let caller = interruptedBySignal(walk.registers) { return resume(&walk, at: caller) }
      return stepByFramePointer(&walk, in: code, otherwise: .noUnwindInfo)
    }
    if status < 0 { return state.missedStack ? .beyondCopy : .badUnwindInfo }
    if status == 0 { return .start }
    return advance(&walk)
  }

  /// Takes over the frame that the cursor has reached.
  private func advance(_ walk: inout Walk) -> WalkEnd? {
    guard let programCounter = register(UNW_X86_64_RIP), let stackPointer = register(UNW_X86_64_RSP)
    else { return state.missedStack ? .beyondCopy : .badUnwindInfo }
    let before = walk.registers.stackPointer
    let grew = stackPointer > before
    // A signal frame is larger than this; and it may lie on a stack of its own.
    let isSignalFrame =
      (!grew || stackPointer - before >= SignalFrame.smallest)
      && SignalFrame.isReturn(at: walk.registers.programCounter, in: state)
    guard grew || isSignalFrame else { return .badFrame }
    let wasReturnAddress = walk.isReturnAddress
    walk.registers.programCounter = programCounter
    walk.registers.stackPointer = stackPointer
    walk.isReturnAddress = !isSignalFrame
    walk.trustsFramePointer = false
    if walk.isReturnAddress != wasReturnAddress {
      collectRegisters(&walk)
      walk.cursorIsValid = false
    }
    return nil
  }

  private func interruptedBySignal(_ registers: UserRegisters) -> UserRegisters? {
    state.foundNothing = false
    guard SignalFrame.isReturn(at: registers.programCounter, in: state) else { return nil }
    return SignalFrame.interrupted(stackPointer: registers.stackPointer, in: state)
  }

  /// Whether all but a few bytes of alignment has been popped from the program's first stack.
  ///
  /// Its first code has no unwind information in the loader and in some C libraries.
  private func isProgramStart(_ stackPointer: UInt64) -> Bool {
    guard let stackBase else { return false }
    return stackPointer &+ 64 >= stackBase
  }

  private func resume(_ walk: inout Walk, at caller: UserRegisters) -> WalkEnd? {
    walk.registers = caller
    walk.isReturnAddress = false
    walk.cursorIsValid = false
    return nil
  }

  private func register(_ number: x86_64_regnum_t) -> UInt64? {
    var value: unw_word_t = 0
    guard unsafe wick_cursor_register(&cursor, CInt(number.rawValue), &value) == 0 else {
      return nil
    }
    return value
  }

  /// The last resort, the frame pointer.
  ///
  /// `push %rbp; mov %rsp, %rbp` leaves the caller's frame pointer and the return
  /// address where RBP points. A chain that ends in 0 has reached the start of the thread
  /// (System V ABI, AMD64 supplement, 3.4.1).
  ///
  /// What is saved there may be any value, for the caller need not keep a frame pointer itself; so
  /// it is the return address that must make sense.
  private func stepByFramePointer(
    _ walk: inout Walk, in code: some CodeMap, otherwise failure: WalkEnd
  ) -> WalkEnd? {
    if walk.cursorIsValid {
      collectRegisters(&walk)
      walk.cursorIsValid = false
    }
    let frame = walk.registers.framePointer
    if frame == 0 && walk.trustsFramePointer { return .start }
    guard frame >= walk.registers.stackPointer, frame & 7 == 0 else { return failure }
    state.prepareStep()
    state.module = nil
    guard let saved = state.word(at: frame), let returnAddress = state.word(at: frame &+ 8) else {
      return state.missedStack && frame - walk.registers.stackPointer < Self.largestFrame
        ? .beyondCopy : failure
    }
    if case .nowhere = code.place(at: returnAddress &- 1), returnAddress != 0 { return failure }
    walk.registers.framePointer = saved
    walk.registers.stackPointer = frame &+ 16
    walk.registers.programCounter = returnAddress
    walk.isReturnAddress = true
    walk.usedFramePointer = true
    walk.trustsFramePointer = true
    return returnAddress == 0 ? .start : nil
  }

  /// A frame pointer further away than this is some other value.
  private static let largestFrame: UInt64 = 1 << 20

  /// Reads the registers that later frames may need out of the cursor.
  private func collectRegisters(_ walk: inout Walk) {
    state.prepareStep()
    // The stack pointer and the program counter are known already.
    for number in 0..<UserRegisters.count where number != 7 && number != 16 {
      let name = x86_64_regnum_t(rawValue: UInt32(number))
      if let value = register(name) { walk.registers.values[number] = value }
    }
  }
}
