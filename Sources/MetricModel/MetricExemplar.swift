/// A single value of a histogram, with what led to it.
package struct MetricExemplar: Hashable, Sendable {
  /// In the unit of its histogram.
  package let value: Double
  /// When it was measured, in nanoseconds since 1970-01-01 UTC.
  package let timeUnixNanoseconds: UInt64
  package let pid: UInt32
  package let tid: UInt32
  /// A line for each call, leaf first; empty where it is not known.
  package let stack: String

  package init(
    value: Double, timeUnixNanoseconds: UInt64, pid: UInt32, tid: UInt32, stack: String
  ) {
    self.value = value
    self.timeUnixNanoseconds = timeUnixNanoseconds
    self.pid = pid
    self.tid = tid
    self.stack = stack
  }
}
