package import ProfileModel

/// One observation with the stack that it came from.
package struct LatencyExemplar: Hashable, Sendable {
  /// In the unit of the row; it tells the bucket that the exemplar stands for.
  package var value: UInt64
  package var pid: UInt32
  package var tid: UInt32
  package var process: String
  package var thread: String
  /// Nanoseconds since 1970-01-01 UTC; 0 where it is unknown.
  package var timeUnixNanoseconds: UInt64
  /// What else is known, for people, such as `fd 7, ENOENT` or `10.0.0.7:5432`; may be empty.
  package var details: String
  /// Leaf first; may be empty.
  package var stack: [LatencyFrame]
  /// Why the stack is not whole; nil when it reaches the thread's start.
  package var incomplete: IncompleteReason?

  package init(
    value: UInt64, pid: UInt32, tid: UInt32, process: String, thread: String,
    timeUnixNanoseconds: UInt64 = 0, details: String = "", stack: [LatencyFrame],
    incomplete: IncompleteReason? = nil
  ) {
    self.value = value
    self.pid = pid
    self.tid = tid
    self.process = process
    self.thread = thread
    self.timeUnixNanoseconds = timeUnixNanoseconds
    self.details = details
    self.stack = stack
    self.incomplete = incomplete
  }
}
