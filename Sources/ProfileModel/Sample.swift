/// Equal observations, merged: one stack of one thread, and how often it was seen.
package struct Sample: Hashable, Sendable {
  package var stack: StackTable.ID
  /// Number of the thread in `Profile.threads`.
  package var thread: UInt32
  /// Why the stack is not whole; nil when it reaches the thread's start.
  package var incomplete: IncompleteReason?
  /// How many observations were merged.
  package var count: UInt64
  /// Their sum in the unit of `Profile.sampleType`; for CPU samples `count` × `Profile.period`.
  package var value: UInt64

  package init(
    stack: StackTable.ID, thread: UInt32, incomplete: IncompleteReason? = nil, count: UInt64,
    value: UInt64
  ) {
    self.stack = stack
    self.thread = thread
    self.incomplete = incomplete
    self.count = count
    self.value = value
  }
}
