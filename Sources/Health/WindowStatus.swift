/// The window that ended last: taken = delivered + dropped.
package struct WindowStatus: Hashable, Sendable {
  /// Nanoseconds since 1970-01-01 UTC.
  package var endUnixNanoseconds: UInt64
  package var duration: Duration
  package var taken: UInt64
  package var delivered: UInt64
  /// By the reasons of the ledger, such as `ring-full`.
  package var dropped: [String: UInt64]
  /// Complete ÷ taken, from 0 to 1.
  package var coverage: Double

  package init(
    endUnixNanoseconds: UInt64, duration: Duration, taken: UInt64, delivered: UInt64,
    dropped: [String: UInt64] = [:], coverage: Double
  ) {
    self.endUnixNanoseconds = endUnixNanoseconds
    self.duration = duration
    self.taken = taken
    self.delivered = delivered
    self.dropped = dropped
    self.coverage = coverage
  }

  package var droppedTotal: UInt64 { dropped.values.reduce(0, &+) }
}
