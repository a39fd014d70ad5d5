/// The histogram of one series.
package struct HistogramPoint: Hashable, Sendable {
  package let labels: [MetricLabel]
  package private(set) var histogram: Histogram
  /// Since when it counts, in nanoseconds since 1970-01-01 UTC; 0 where nobody knows.
  package let countedSince: UInt64
  /// Some of the values, for who wants to know what led to them.
  package let exemplars: [MetricExemplar]

  package init(
    _ histogram: Histogram, labels: [MetricLabel] = [], countedSince: UInt64 = 0,
    exemplars: [MetricExemplar] = []
  ) {
    self.histogram = histogram
    self.labels = labels
    self.countedSince = countedSince
    self.exemplars = exemplars
  }

  /// Takes another series in if it has the same kind of buckets.
  mutating func fold(_ other: Histogram) { _ = histogram.add(other) }
}
