/// Why a sample that the kernel took is not in the profile.
package enum DropReason: String, Hashable, Sendable, CaseIterable {
  /// The ring buffer between kernel and wick had no room.
  case ringFull = "ring-full"
  /// The kernel's side had no memory to put the sample together.
  case noScratchMemory = "no-scratch-memory"
  /// The frames were sent once and missed; they are sent again from then on.
  case stackMissed = "stack-missed"
  /// The record could not be decoded.
  case malformedRecord = "malformed-record"
  /// The profile reached its limit of distinct stacks.
  case stackTableFull = "stack-table-full"
  /// More sampled allocations were not freed than are remembered.
  case heldTableFull = "held-table-full"
  /// A window came while others still waited to be named and written.
  case windowOverrun = "window-overrun"
  /// The profile could not be written where profiles are kept.
  case notStored = "not-stored"
  /// One stack alone, or the profile, is too large for every form in which it is exported.
  case tooLarge = "too-large"
  /// A rule of the configuration says that nothing is exported about the service.
  case droppedByRule = "dropped-by-rule"
}
