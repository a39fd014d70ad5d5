/// Why a walk over a stack ended.
package enum WalkEnd: Hashable, Sendable {
  /// At the start of the thread.
  case start
  /// The stack goes on beyond the bytes that were copied.
  case beyondCopy
  /// The program counter lies in no mapping.
  case noMapping
  /// Nothing says how to find the caller.
  case noUnwindInfo
  /// The unwind information is malformed, or more than libunwind can do.
  case badUnwindInfo
  /// The file with the unwind information could not be read.
  case fileUnreadable
  /// The caller's frame would not lie further up the stack.
  case badFrame
  case tooManyFrames
}
