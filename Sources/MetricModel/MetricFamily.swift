/// All series of one metric.
package struct MetricFamily: Hashable, Sendable {
  package let descriptor: MetricDescriptor
  /// The series, unless the metric is a histogram.
  package private(set) var points: [MetricPoint] = []
  /// The series of a histogram.
  package private(set) var histograms: [HistogramPoint] = []
  /// Series beyond the limit: the last one, whose labels all say `other`, is what they add up to.
  package private(set) var folded: UInt64 = 0

  /// The value of each label of the series that stands for those beyond the limit.
  package static let overflow = "other"

  package init(_ descriptor: MetricDescriptor) { self.descriptor = descriptor }

  /// Whether a point, by its place among `points` or `histograms`, stands for those beyond the limit.
  package func isOverflow(_ index: Int) -> Bool {
    folded > 0 && index == max(points.count, histograms.count) - 1
  }

  package var seriesCount: Int { points.count + histograms.count }

  /// Adds a series; false if it is beyond the limit and became a part of the last one.
  @discardableResult
  mutating func add(_ point: MetricPoint, limit: Int) -> Bool {
    if points.count < limit {
      points.append(point)
      return true
    }
    folded += 1
    if folded == 1 {
      points.append(
        MetricPoint(
          0, labels: Self.overflowing(point.labels), countedSince: point.countedSince))
    }
    points[points.count - 1].fold(point.value)
    return false
  }

  /// Adds a series of a histogram; false as for numbers.
  @discardableResult
  mutating func add(_ point: HistogramPoint, limit: Int) -> Bool {
    if histograms.count < limit {
      histograms.append(point)
      return true
    }
    folded += 1
    if folded == 1 {
      histograms.append(
        HistogramPoint(
          point.histogram, labels: Self.overflowing(point.labels),
          countedSince: point.countedSince))
    } else {
      histograms[histograms.count - 1].fold(point.histogram)
    }
    return false
  }

  /// Adds the series that stands for those for which who counts had no room.
  mutating func addOverflow(_ point: MetricPoint) {
    // As if it were beyond the limit.
    add(point, limit: points.count - (folded > 0 ? 1 : 0))
  }

  /// The same of a histogram.
  mutating func addOverflow(_ point: HistogramPoint) {
    add(point, limit: histograms.count - (folded > 0 ? 1 : 0))
  }

  /// Adds the series of a family of the same name.
  mutating func append(_ other: MetricFamily, limit: Int) {
    guard folded == 0, other.folded == 0, points.count + other.points.count <= limit,
      histograms.count + other.histograms.count <= limit
    else {
      for point in other.points { add(point, limit: limit) }
      for point in other.histograms { add(point, limit: limit) }
      return
    }
    points += other.points
    histograms += other.histograms
  }

  /// Has only these series, and one that stands for others where there is a value for it.
  mutating func replace(_ points: [MetricPoint], others: Double?, count: UInt64) {
    self.points = points
    folded = 0
    guard let others, let last = points.last else { return }
    folded = count
    self.points.append(
      MetricPoint(
        others, labels: Self.overflowing(last.labels), countedSince: last.countedSince))
  }

  private static func overflowing(_ labels: [MetricLabel]) -> [MetricLabel] {
    labels.map { MetricLabel($0.name, overflow) }
  }
}
