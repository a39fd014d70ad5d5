/// Everything that was measured of one thing in one process, such as `openat` in `nginx`.
package struct LatencyRow: Hashable, Sendable {
  /// How often a call failed in one way.
  package struct Failure: Hashable, Sendable {
    /// Such as `ENOENT` or `refused`.
    package var name: String
    package var count: UInt64

    package init(name: String, count: UInt64) {
      self.name = name
      self.count = count
    }
  }

  /// A system call, a device and operation, a peer, a server.
  package var name: String
  /// Name of the process, or of the group of processes; may be empty.
  package var process: String
  /// 0 for a group of processes.
  package var pid: UInt32
  /// Unit of the values: `nanoseconds`, `bytes` or `count`.
  package var unit: String
  /// All observations, also those without a value in the histogram.
  package var count: UInt64
  package var failures: [Failure]
  /// The exact largest value; 0 where it is unknown.
  package var maximum: UInt64
  package var histogram: LatencyHistogram
  /// One for each of the report's intervals; those that are missing at the end are empty.
  package var overTime: [LatencyHistogram]
  package var exemplars: [LatencyExemplar]

  package init(
    name: String, process: String, pid: UInt32 = 0, unit: String = "nanoseconds", count: UInt64,
    failures: [Failure] = [], maximum: UInt64 = 0, histogram: LatencyHistogram,
    overTime: [LatencyHistogram] = [], exemplars: [LatencyExemplar] = []
  ) {
    self.name = name
    self.process = process
    self.pid = pid
    self.unit = unit
    self.count = count
    self.failures = failures
    self.maximum = maximum
    self.histogram = histogram
    self.overTime = overTime
    self.exemplars = exemplars
  }
}
