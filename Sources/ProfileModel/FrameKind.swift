/// Which kind of code a frame ran.
package enum FrameKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Machine code from an executable file.
  case native
  /// The kernel or one of its modules.
  case kernel
  /// Machine code that a runtime generated in memory.
  case jit
  /// A function of an interpreted language.
  case interpreted
  /// Not code: a mark that wick put into the stack, such as `[incomplete: …]`.
  case mark
  /// Not code: what a thread did or waited for below its code, such as `[lock]` or a system call's
  /// name.
  case synthetic
}
