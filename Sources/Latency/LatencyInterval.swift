/// What happened in a span of time.
package struct LatencyInterval: Sendable {
  /// Nanoseconds since 1970-01-01 UTC.
  package var startUnixNanoseconds: UInt64
  package var durationNanoseconds: UInt64
  /// When it ended, by the monotonic clock.
  package var endedAt: UInt64 = 0
  package var rows: [LatencyRow]
  package var losses = LatencyLosses()

  package init(startUnixNanoseconds: UInt64, durationNanoseconds: UInt64, rows: [LatencyRow]) {
    self.startUnixNanoseconds = startUnixNanoseconds
    self.durationNanoseconds = durationNanoseconds
    self.rows = rows
  }
}

/// What is not in the histograms, or not where it belongs.
package struct LatencyLosses: Hashable, Sendable {
  /// Values that were counted without their process, for there was no room.
  package var folded: UInt64 = 0
  /// Values that are in no histogram.
  package var lost: UInt64 = 0
  /// Errors that are not counted by their number.
  package var errors: UInt64 = 0
  /// Beginnings that could not be kept.
  package var beginnings: UInt64 = 0
  /// Calls that do not return.
  package var endless: UInt64 = 0
  /// Forked children that could not be followed.
  package var targets: UInt64 = 0
  /// Stacks that were taken of slow values.
  package var exemplars: UInt64 = 0
  /// Stacks of slow values that were not taken, for there had been many.
  package var limitedExemplars: UInt64 = 0
  /// Exemplars that belong to no series, or for which there was no room.
  package var placelessExemplars: UInt64 = 0
  /// What belongs to one kind of latency, in words.
  package var special: [String: UInt64] = [:]

  package init() {}

  package mutating func add(_ other: LatencyLosses) {
    special.merge(other.special) { $0 &+ $1 }
    folded &+= other.folded
    lost &+= other.lost
    errors &+= other.errors
    beginnings &+= other.beginnings
    endless &+= other.endless
    targets &+= other.targets
    exemplars &+= other.exemplars
    limitedExemplars &+= other.limitedExemplars
    placelessExemplars &+= other.placelessExemplars
  }

  /// What happened from an earlier state of the counters on.
  func since(_ earlier: LatencyLosses) -> LatencyLosses {
    var change = LatencyLosses()
    change.folded = folded &- earlier.folded
    change.lost = lost &- earlier.lost
    change.errors = errors &- earlier.errors
    change.beginnings = beginnings &- earlier.beginnings
    change.endless = endless &- earlier.endless
    change.targets = targets &- earlier.targets
    change.exemplars = exemplars &- earlier.exemplars
    change.limitedExemplars = limitedExemplars &- earlier.limitedExemplars
    change.placelessExemplars = placelessExemplars &- earlier.placelessExemplars
    return change
  }
}
