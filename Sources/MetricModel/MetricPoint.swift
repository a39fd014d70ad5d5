/// The value of one series.
package struct MetricPoint: Hashable, Sendable {
  package let labels: [MetricLabel]
  package private(set) var value: Double
  /// Since when a counter counts, in nanoseconds since 1970-01-01 UTC; 0 where nobody knows.
  package let countedSince: UInt64

  package init(_ value: Double, labels: KeyValuePairs<String, String> = [:]) {
    self.init(value, labels: labels.map { MetricLabel($0.key, $0.value) })
  }

  package init(_ value: Double, labels: [MetricLabel], countedSince: UInt64 = 0) {
    self.value = value
    self.labels = labels
    self.countedSince = countedSince
  }

  /// Takes another series in; what is no number counts nothing.
  mutating func fold(_ other: Double) {
    if other.isFinite { value += other }
  }
}
