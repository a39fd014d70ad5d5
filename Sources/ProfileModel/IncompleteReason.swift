/// Why the stack of a sample does not reach its thread's start.
package enum IncompleteReason: String, Hashable, Sendable, CaseIterable {
  /// The stack is deeper than the bounded copy of it.
  case stackCopyTooShort = "stack-copy-too-short"
  /// A page of the stack could not be read from the kernel's side.
  case stackUnreadable = "stack-unreadable"
  /// An address lies in no known mapping of the process.
  case noMapping = "no-mapping"
  /// No unwind information covers the address, and frame pointers lead nowhere.
  case noUnwindInfo = "no-unwind-info"
  /// The unwind information is malformed or uses what the unwinder cannot do.
  case badUnwindInfo = "bad-unwind-info"
  /// The mapped file could not be opened, or is not the one that was mapped.
  case fileUnreadable = "file-unreadable"
  /// The step would not move towards the start of the stack.
  case badFrame = "bad-frame"
  /// The walk ended at the limit of frames.
  case tooManyFrames = "too-many-frames"
  /// A 32-bit program, which this version does not unwind.
  case thirtyTwoBit = "32-bit-process"
  /// The stack had to be copied, but its CPU had copied as much as it may at that time.
  case copyRateLimited = "copy-rate-limited"
  /// The stack was copied, but the ring for copies had no room.
  case copyRingFull = "copy-ring-full"
  /// Other code was loaded at an address of the stack before the kernel's side knew.
  case mappingChanged = "mapping-changed"
  /// The thread ran on, or has not run since, before its stack could be walked.
  case userStackNotTaken = "user-stack-not-taken"
  /// The kernel did not give the user registers of the thread.
  case noUserRegisters = "no-user-registers"
}
