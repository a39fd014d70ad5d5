/// What the tables show of a span of time: one for each event.
package struct TopInterval: Hashable, Sendable {
  /// Nanoseconds since 1970-01-01 UTC at the beginning.
  package let startUnixNanoseconds: UInt64
  package private(set) var durationNanoseconds: UInt64
  package let cpus: Int
  package private(set) var tables: [TopTable]

  package init(
    startUnixNanoseconds: UInt64, durationNanoseconds: UInt64, cpus: Int, tables: [TopTable]
  ) {
    self.startUnixNanoseconds = startUnixNanoseconds
    self.durationNanoseconds = durationNanoseconds
    self.cpus = cpus
    self.tables = tables
  }

  var seconds: Double { max(1e-9, Double(durationNanoseconds) / 1e9) }

  /// A value of a table by second of time.
  func perSecond(_ value: UInt64) -> Double { Double(value) / seconds }

  /// Adds the interval that came next.
  mutating func add(_ next: TopInterval) {
    durationNanoseconds &+= next.durationNanoseconds
    for table in next.tables {
      if let index = tables.firstIndex(where: { $0.event == table.event }) {
        tables[index].add(table)
      } else {
        tables.append(table)
      }
    }
  }
}

/// The last few intervals as one: single ones have few samples, and what is shown would flicker.
package struct TopAverage: Sendable {
  private var intervals: [TopInterval] = []
  private let limit: Int

  /// - Parameter limit: how many intervals are kept.
  package init(of limit: Int) { self.limit = max(1, limit) }

  package mutating func add(_ interval: TopInterval) {
    intervals.append(interval)
    if intervals.count > limit { intervals.removeFirst(intervals.count - limit) }
  }

  /// Nil before the first interval.
  package var average: TopInterval? {
    guard var sum = intervals.first else { return nil }
    for interval in intervals.dropFirst() { sum.add(interval) }
    return sum
  }
}
