import MetricModel

/// All that was measured: the totals, how they came about over time, and what was slow.
package struct LatencyRecording: Sendable {
  package let kind: LatencyKind
  /// Whose latencies they are, in words.
  package let target: String
  /// In order, each with the rows that took the most time; when there are many, neighbours are joined,
  /// so that all is bounded.
  package private(set) var intervals: [LatencyInterval] = []
  /// Everything, by what it is of.
  package private(set) var totals: [LatencyKey: LatencyRow] = [:]
  package private(set) var losses = LatencyLosses()
  package private(set) var durationNanoseconds: UInt64 = 0
  /// Stacks of slow values.
  package var exemplars: [LatencyExemplar] = []

  package static let intervalLimit = 600
  package static let intervalRowLimit = 250
  package static let rowLimit = 65_536

  package init(_ kind: LatencyKind, target: String) {
    self.kind = kind
    self.target = target
  }

  package mutating func add(_ interval: LatencyInterval) {
    for row in interval.rows { add(row) }
    losses.add(interval.losses)
    durationNanoseconds &+= interval.durationNanoseconds
    if intervals.count == Self.intervalLimit { joinIntervals() }
    var kept = interval
    kept.keepLongest(Self.intervalRowLimit)
    intervals.append(kept)
  }

  private mutating func add(_ row: LatencyRow) {
    if totals[row.key] != nil {
      totals[row.key]?.add(row)
    } else if totals.count < Self.rowLimit {
      totals[row.key] = row
    } else {
      // One row a kind takes in what is too much.
      let key = LatencyKey(pid: 0, startTime: 0, kind: row.key.kind)
      var other = LatencyRow(
        key: key, process: ProcessNames.other, name: row.name, figure: row.figure)
      if let known = totals[key] { other = known }
      other.histogram.add(row.histogram)
      other.errors.merge(row.errors) { $0 &+ $1 }
      other.counts.merge(row.counts) { $0 &+ $1 }
      other.interrupted &+= row.interrupted
      totals[key] = other
    }
  }

  /// Makes one of each two neighbours.
  private mutating func joinIntervals() {
    intervals = stride(from: 0, to: intervals.count, by: 2).map { index in
      var joined = intervals[index]
      guard index + 1 < intervals.count else { return joined }
      joined.add(intervals[index + 1])
      joined.keepLongest(Self.intervalRowLimit)
      return joined
    }
  }
}

extension LatencyInterval {
  /// Takes in what came right after.
  mutating func add(_ next: LatencyInterval) {
    var byKey = Dictionary(rows.map { ($0.key, $0) }) { first, _ in first }
    for row in next.rows {
      if byKey[row.key] != nil { byKey[row.key]?.add(row) } else { byKey[row.key] = row }
    }
    rows = Array(byKey.values)
    durationNanoseconds &+= next.durationNanoseconds
    losses.add(next.losses)
  }

  /// Forgets the rows that took the least time.
  mutating func keepLongest(_ limit: Int) {
    guard rows.count > limit else { return }
    rows = Array(rows.sorted { $0.histogram.sum > $1.histogram.sum }.prefix(limit))
  }
}
