/// How many spans of an event there were, and how many of them were sampled.
package struct SpanFigures: Hashable, Sendable {
  /// Spans that ended, sampled or not.
  package let count: UInt64
  /// All their nanoseconds, or bytes: measured, not estimated.
  package let value: UInt64
  package let sampled: UInt64
  /// Spans whose beginning could not be remembered.
  package let unmeasured: UInt64
  /// From this length on every span is sampled; shorter ones in proportion, each standing for this
  /// much.
  package let alwaysAbove: UInt64

  package init(
    count: UInt64, value: UInt64, sampled: UInt64, unmeasured: UInt64, alwaysAbove: UInt64
  ) {
    self.count = count
    self.value = value
    self.sampled = sampled
    self.unmeasured = unmeasured
    self.alwaysAbove = alwaysAbove
  }
}
