/// What was collected at one time, in the order in which it was added.
package struct MetricBatch: Sendable {
  /// Series of one metric that are taken; a hostile host could have millions.
  ///
  /// What is beyond it becomes one series whose labels say `other`.
  package let seriesLimit: Int
  /// When it was collected, in nanoseconds since 1970-01-01 UTC; 0 where nobody knows.
  package var timeUnixNanoseconds: UInt64
  /// Since when the counters count that are added from now on: when the host booted, for instance.
  ///
  /// Nanoseconds since 1970-01-01 UTC; 0 where nobody knows.
  package var countedSince: UInt64
  /// Exemplars up to this number, by who numbers them, have had their chance to be told.
  package var exemplarsUpTo: UInt64 = 0
  package private(set) var families: [MetricFamily] = []
  /// Series that lost their labels, for their metric had too many.
  package private(set) var refused: UInt64 = 0
  private var indices: [String: Int] = [:]

  package init(
    seriesLimit: Int = 10_000, timeUnixNanoseconds: UInt64 = 0, countedSince: UInt64 = 0
  ) {
    self.seriesLimit = seriesLimit
    self.timeUnixNanoseconds = timeUnixNanoseconds
    self.countedSince = countedSince
  }

  /// Adds a series; without a value it is left out.
  package mutating func add(
    _ name: String, _ kind: MetricDescriptor.Kind, _ help: String, _ value: Double?,
    _ labels: KeyValuePairs<String, String> = [:]
  ) {
    guard let value else { return }
    add(name, kind, help, value, labels: labels.map { MetricLabel($0.key, $0.value) })
  }

  /// Adds a series whose labels are not known when this is compiled; without a value none.
  package mutating func add(
    _ name: String, _ kind: MetricDescriptor.Kind, _ help: String, _ value: Double?,
    labels: [MetricLabel], unit: MetricUnit? = nil
  ) {
    guard let value else { return }
    let index = index(of: name) { MetricDescriptor(name, kind, help, unit: unit) }
    let point = MetricPoint(value, labels: labels, countedSince: countedSince)
    if !families[index].add(point, limit: seriesLimit) { refused += 1 }
  }

  /// Adds a series of a histogram.
  ///
  /// - Parameters:
  ///   - name: as Prometheus knows it, such as `wick_export_duration_seconds`.
  ///   - help: one sentence for people.
  ///   - histogram: the counts since the start of what counts.
  ///   - unit: what was measured, where it is not what the name says.
  ///   - labels: what tells the series from others.
  ///   - exemplars: some of the values.
  package mutating func add(
    _ name: String, _ help: String, _ histogram: Histogram, unit: MetricUnit? = nil,
    labels: [MetricLabel] = [], exemplars: [MetricExemplar] = []
  ) {
    let index = index(of: name) { MetricDescriptor(name, .histogram, help, unit: unit) }
    let point = HistogramPoint(
      histogram, labels: labels, countedSince: countedSince, exemplars: exemplars)
    if !families[index].add(point, limit: seriesLimit) { refused += 1 }
  }

  /// Adds the series that stands for those for which there was no room, after all others of a metric.
  ///
  /// - Parameters:
  ///   - name: as Prometheus knows it.
  ///   - kind: what kind of numbers they are.
  ///   - help: one sentence for people.
  ///   - value: what those series add up to.
  ///   - labels: of any series of the metric; only their names matter.
  package mutating func addOverflow(
    _ name: String, _ kind: MetricDescriptor.Kind, _ help: String, _ value: Double,
    labels: [MetricLabel]
  ) {
    let index = index(of: name) { MetricDescriptor(name, kind, help, unit: nil) }
    families[index].addOverflow(MetricPoint(value, labels: labels, countedSince: countedSince))
  }

  /// The same of a histogram.
  package mutating func addOverflow(
    _ name: String, _ help: String, _ histogram: Histogram, unit: MetricUnit? = nil,
    labels: [MetricLabel]
  ) {
    let index = index(of: name) { MetricDescriptor(name, .histogram, help, unit: unit) }
    families[index].addOverflow(
      HistogramPoint(histogram, labels: labels, countedSince: countedSince))
  }

  /// Adds all series of another batch.
  ///
  /// - Parameters:
  ///   - other: what is added.
  ///   - givesWay: whether metrics of names that are there already are left out.
  /// - Returns: how many series were left out.
  @discardableResult
  package mutating func append(_ other: MetricBatch, givesWay: Bool = false) -> Int {
    refused += other.refused
    exemplarsUpTo = max(exemplarsUpTo, other.exemplarsUpTo)
    var leftOut = 0
    let taken = givesWay ? Set(families.flatMap(\.descriptor.seriesNames)) : []
    for family in other.families {
      guard taken.isDisjoint(with: family.descriptor.seriesNames) else {
        leftOut += family.seriesCount
        continue
      }
      if let known = indices[family.descriptor.name] {
        families[known].append(family, limit: seriesLimit)
      } else {
        indices[family.descriptor.name] = families.count
        families.append(family)
      }
    }
    return leftOut
  }

  /// Keeps each metric within a number of series.
  package mutating func keep(within limit: inout CardinalityLimit) {
    limit.beginCollection()
    for index in families.indices { limit.apply(to: &families[index]) }
  }

  /// Where the family of a name is; the first to name it says what it is.
  private mutating func index(of name: String, describe: () -> MetricDescriptor) -> Int {
    if let known = indices[name] { return known }
    indices[name] = families.count
    families.append(MetricFamily(describe()))
    return families.count - 1
  }
}
