/// What was collected at one time, in the order in which it was added.
package struct MetricBatch: Sendable {
  /// Series of one metric that are taken; a hostile host could have millions.
  private let seriesLimit: Int
  package private(set) var families: [MetricFamily] = []
  /// Series that were left out, for their metric had too many.
  package private(set) var refused: UInt64 = 0
  private var indices: [String: Int] = [:]

  package init(seriesLimit: Int = 10_000) { self.seriesLimit = seriesLimit }

  /// Adds a series; without a value it is left out.
  package mutating func add(
    _ name: String, _ kind: MetricDescriptor.Kind, _ help: String, _ value: Double?,
    _ labels: KeyValuePairs<String, String> = [:]
  ) {
    guard let value else { return }
    let index = indices[name] ?? families.count
    if index == families.count {
      indices[name] = index
      families.append(MetricFamily(MetricDescriptor(name, kind, help)))
    }
    guard families[index].points.count < seriesLimit else {
      refused += 1
      return
    }
    families[index].points.append(MetricPoint(value, labels: labels))
  }
}
