/// What was counted of a kind in a process, beside its histogram.
struct LatencyTally: Sendable {
  let pid: UInt32
  let startTime: UInt64
  let kind: UInt32
  /// The name of the process, as the kernel's side knows it.
  let process: [UInt8]
  /// How often it failed, and how.
  var errors: [String: UInt64] = [:]
  /// What else happened, by name; bytes where the name begins with that.
  var counts: [String: UInt64] = [:]
}
