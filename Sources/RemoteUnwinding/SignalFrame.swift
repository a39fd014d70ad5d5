/// The frame that the kernel puts on the stack to call a signal handler.
///
/// - Source: kernel, arch/x86/include/asm/sigframe.h and uapi/asm/ucontext.h: `rt_sigframe` is the
///   return address, then a `ucontext` whose registers begin after 40 bytes: R8–R15, RDI, RSI, RBP,
///   RBX, RDX, RAX, RCX, RSP, RIP.
enum SignalFrame {
  /// A `ucontext` alone has more bytes than this.
  static let smallest: UInt64 = 0x200

  /// Whether the code at `address` is `mov $15, %rax; syscall`, the return from a handler.
  static func isReturn(at address: UInt64, in state: WalkState) -> Bool {
    state.word(at: address) == 0x0f_0000_000f_c0c7_48
      && (state.word(at: address &+ 8) ?? 0) & 0xff == 0x05
  }

  /// The registers of the code that the signal interrupted.
  static func interrupted(stackPointer: UInt64, in state: WalkState) -> UserRegisters? {
    /// DWARF numbers in the order in which the kernel saves the registers.
    let order = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16]
    var registers = UserRegisters()
    for (index, number) in order.enumerated() {
      guard let value = state.word(at: stackPointer &+ 40 &+ UInt64(index) * 8) else { return nil }
      registers.values[number] = value
    }
    return registers
  }
}
