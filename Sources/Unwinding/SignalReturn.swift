/// The code by which a signal handler returns to the kernel, as debuggers know it too.
enum SignalReturn {
  /// `mov $15, %rax; syscall`: the call of rt_sigreturn.
  private static let pattern: [UInt8] = [0x48, 0xC7, 0xC0, 15, 0, 0, 0, 0x0F, 0x05]
  /// Bytes to look at: the code may begin one byte after its function does.
  static let size = 10

  /// Where in the first bytes of a function the code begins: 0 or 1.
  static func offset(in code: [UInt8]) -> UInt64? {
    if code.starts(with: pattern) { return 0 }
    return code.dropFirst().starts(with: pattern) ? 1 : nil
  }
}
