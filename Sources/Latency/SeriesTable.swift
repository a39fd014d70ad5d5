import MetricModel

/// The series of one metric by their labels, within a number of them: what has no room is one series.
///
/// A series stays as long as there is room, though nothing happens in it; one that has been idle for
/// long gives its place to another, and begins anew if it comes back.
struct SeriesTable<Value: Sendable>: Sendable {
  struct Series: Sendable {
    var value: Value
    /// Since when it counts, in nanoseconds since 1970-01-01 UTC.
    let countedSince: UInt64
    /// When something was last added, by the monotonic clock.
    var usedAt: UInt64
  }

  let limit: Int
  private(set) var series: [[MetricLabel]: Series] = [:]
  /// All that had no room; nil if there was always some.
  private(set) var overflow: Series?
  /// The names of its labels are those of the metric's series.
  private(set) var overflowLabels: [MetricLabel] = []
  /// How often something was added to it.
  private(set) var refused: UInt64 = 0

  /// Idle for so long, a series may go.
  private static var idleNanoseconds: UInt64 { 600_000_000_000 }

  init(limit: Int) { self.limit = limit }

  /// Changes a series, which begins as `new`.
  ///
  /// - Parameters:
  ///   - labels: those of the series.
  ///   - isOther: whether what is added belongs to none of its own.
  ///   - since: when what is added began, in nanoseconds since 1970-01-01 UTC.
  ///   - now: when it is added, by the monotonic clock.
  ///   - new: without any value.
  ///   - body: adds.
  mutating func add(
    to labels: [MetricLabel], isOther: Bool, since: UInt64, now: UInt64, new: Value,
    _ body: (inout Value) -> Void
  ) {
    if !isOther, series[labels] != nil || hasRoom(at: now) {
      var found = series[labels] ?? Series(value: new, countedSince: since, usedAt: now)
      body(&found.value)
      found.usedAt = now
      series[labels] = found
      return
    }
    refused += 1
    var others = overflow ?? Series(value: new, countedSince: since, usedAt: now)
    body(&others.value)
    others.usedAt = now
    overflow = others
    overflowLabels = labels
  }

  /// Changes the value of a series, and says whether it is there.
  @discardableResult
  mutating func update(_ labels: [MetricLabel], _ body: (inout Value) -> Void) -> Bool {
    guard var found = series[labels] else { return false }
    body(&found.value)
    series[labels] = found
    return true
  }

  /// Changes the values of all series that have labels.
  mutating func updateAll(_ body: (inout Value) -> Void) {
    for labels in series.keys { update(labels, body) }
  }

  /// Forgets the series whose labels begin with these.
  mutating func remove(_ beginning: [MetricLabel]) {
    for labels in series.keys where labels.starts(with: beginning) { series[labels] = nil }
  }

  private mutating func hasRoom(at time: UInt64) -> Bool {
    guard series.count >= limit else { return true }
    let oldest = series.min { $0.value.usedAt < $1.value.usedAt }
    guard let oldest, oldest.value.usedAt &+ Self.idleNanoseconds < time else { return false }
    series[oldest.key] = nil
    return true
  }

  /// In an order that stays.
  var sorted: [(labels: [MetricLabel], series: Series)] {
    series.map { ($0.key, $0.value) }.sorted { first, second in
      first.0.lazy.map(\.value).lexicographicallyPrecedes(second.0.lazy.map(\.value))
    }
  }
}
