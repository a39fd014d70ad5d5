/// What was counted of a kind in a process, beside its histogram.
package struct LatencyTally: Sendable {
  package let pid: UInt32
  package let startTime: UInt64
  package let kind: UInt32
  /// The name of the process, as the kernel's side knows it.
  package let process: [UInt8]
  /// How often it failed, and how.
  package var errors: [String: UInt64] = [:]
  /// What else happened, by name; bytes where the name says so.
  package var counts: [String: UInt64] = [:]

  package init(pid: UInt32, startTime: UInt64, kind: UInt32, process: [UInt8]) {
    self.pid = pid
    self.startTime = startTime
    self.kind = kind
    self.process = process
  }
}
