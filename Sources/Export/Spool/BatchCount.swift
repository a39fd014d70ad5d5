/// How many batches, the bytes that they hold, and the profiles or data points inside.
package struct BatchCount: Hashable, Sendable {
  package var records: UInt64 = 0
  package var bytes: UInt64 = 0
  package var items: UInt64 = 0

  package init(records: UInt64 = 0, bytes: UInt64 = 0, items: UInt64 = 0) {
    self.records = records
    self.bytes = bytes
    self.items = items
  }

  init(_ batch: Batch) { self.init(records: 1, bytes: batch.byteCount, items: UInt64(batch.items)) }

  package static func + (one: Self, other: Self) -> Self {
    BatchCount(
      records: one.records &+ other.records, bytes: one.bytes &+ other.bytes,
      items: one.items &+ other.items)
  }

  package static func += (one: inout Self, other: Self) { one = one + other }

  /// Of a part of the whole.
  package static func - (whole: Self, part: Self) -> Self {
    BatchCount(
      records: whole.records &- part.records, bytes: whole.bytes &- part.bytes,
      items: whole.items &- part.items)
  }

  package static func -= (whole: inout Self, part: Self) { whole = whole - part }
}
