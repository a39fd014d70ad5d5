/// Keeps each metric within a number of series, from one collection to the next.
///
/// A series that was there before the limit was reached stays what it is; one that comes later is a
/// part of the series `other` for as long as it lives. So a counter of others never falls: it is the
/// sum of what its parts were seen to grow by, and those that end leave behind what they had. Gauges
/// of others are added up where a sum means something; a sum of temperatures does not, and then the
/// series are only counted.
package struct CardinalityLimit: Sendable {
  private struct Metric {
    /// Series of their own, with the collection that last had them.
    var owners: [[MetricLabel]: UInt64] = [:]
    /// Series that are parts of `other`, with their last value and collection.
    var others: [[MetricLabel]: (value: Double, collection: UInt64)] = [:]
    /// What counters of others add up to.
    var total = 0.0
  }

  /// Series of one metric, `other` not counted.
  package let seriesLimit: Int
  /// Series that became a part of `other`, or were left out, since the beginning.
  package private(set) var refused: UInt64 = 0
  private var metrics: [String: Metric] = [:]
  private var collection: UInt64 = 0

  /// Collections after which a place that is not used is given to another series.
  private static let restingCollections: UInt64 = 10
  /// Parts of `other` that are remembered, for each place.
  private static let othersForEach = 4

  package init(seriesLimit: Int) { self.seriesLimit = max(1, seriesLimit) }

  /// Metrics that have had series in `other`, with how many at the last collection.
  package var folded: [(metric: String, series: Int)] {
    metrics.filter { !$0.value.others.isEmpty }.map { ($0.key, $0.value.others.count) }
      .sorted { $0.0 < $1.0 }
  }

  mutating func beginCollection() { collection += 1 }

  mutating func apply(to family: inout MetricFamily) {
    let name = family.descriptor.name
    // Far from the limit nothing has to be remembered.
    guard family.points.count > seriesLimit / 2 || metrics[name] != nil else { return }
    var metric = metrics.removeValue(forKey: name) ?? Metric()
    defer { metrics[name] = metric }
    let overflow = family.folded > 0 ? family.points.count - 1 : nil
    var kept: [MetricPoint] = []
    var late: [MetricPoint] = []
    for (index, point) in family.points.enumerated() {
      if index != overflow, metric.owners[point.labels] != nil {
        metric.owners[point.labels] = collection
        kept.append(point)
      } else {
        late.append(point)
      }
    }
    if metric.owners.count + late.count > seriesLimit { makeRoom(in: &metric) }
    var parts: [MetricPoint] = []
    for point in late {
      if metric.owners.count < seriesLimit, metric.others[point.labels] == nil {
        metric.owners[point.labels] = collection
        kept.append(point)
      } else {
        parts.append(point)
      }
    }
    let others = sum(of: parts, &metric, family.descriptor)
    guard parts.count > 0 || others != nil || overflow != nil else { return }
    family.replace(kept, others: others, count: UInt64(parts.count))
  }

  /// Forgets series that have been gone for long.
  private func makeRoom(in metric: inout Metric) {
    metric.owners = metric.owners.filter { $0.value + Self.restingCollections >= collection }
  }

  /// The value of `other`; nil if it has none.
  private mutating func sum(
    of parts: [MetricPoint], _ metric: inout Metric, _ descriptor: MetricDescriptor
  ) -> Double? {
    let isCounter = descriptor.kind == .counter
    var sum = 0.0
    for point in parts where point.value.isFinite {
      let before = metric.others[point.labels]
      if before == nil {
        refused += 1
        // Who cannot be remembered cannot be counted without counting twice.
        guard hasRoom(&metric) else { continue }
      }
      sum += point.value
      let start = before.map { $0.value <= point.value ? $0.value : 0 } ?? 0
      metric.total += point.value - start
      metric.others[point.labels] = (point.value, collection)
    }
    if isCounter { return metric.others.isEmpty && metric.total == 0 ? nil : metric.total }
    metric.others = metric.others.filter { $0.value.collection == collection }
    return parts.isEmpty || !Self.canBeAdded(descriptor) ? nil : sum
  }

  private func hasRoom(_ metric: inout Metric) -> Bool {
    let limit = Self.othersForEach * seriesLimit
    guard metric.others.count >= limit else { return true }
    metric.others = metric.others.filter { $0.value.collection + 1 >= collection }
    return metric.others.count < limit
  }

  /// Whether the sum of several series means something.
  private static func canBeAdded(_ descriptor: MetricDescriptor) -> Bool {
    let alone = [
      "_info", "_seconds", "_ratio", "_celsius", "_hertz", "_volts", "_percent", "_rpm", "_state",
      "_up", "_available", "_temp", "_limit_bytes", "_max",
    ]
    return !alone.contains { descriptor.name.hasSuffix($0) }
  }
}
