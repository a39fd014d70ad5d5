/// One column of the heat map.
package struct LatencyInterval: Hashable, Sendable {
  /// Nanoseconds since 1970-01-01 UTC.
  package var startUnixNanoseconds: UInt64
  package var durationNanoseconds: UInt64

  package init(startUnixNanoseconds: UInt64, durationNanoseconds: UInt64) {
    self.startUnixNanoseconds = startUnixNanoseconds
    self.durationNanoseconds = durationNanoseconds
  }
}
