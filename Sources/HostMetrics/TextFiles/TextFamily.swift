import MetricModel

/// A family of a text file as we keep metrics.
struct TextFamily {
  let name: String
  let kind: TextExposition.Kind
  let help: String?
  /// With what the series' name has behind the family's: of summaries, which are kept as numbers.
  private(set) var points: [(suffix: String, labels: [MetricLabel], value: Double)] = []
  private(set) var histograms: [(labels: [MetricLabel], histogram: Histogram)] = []

  /// Nil if it is a histogram that is none.
  init?(_ family: TextExposition.Family) {
    name = family.name
    kind = family.kind
    help = family.help
    guard kind == .histogram else {
      points = family.samples.map { ($0.suffix, Self.labels($0.labels), $0.value) }
      return
    }
    var parts: [[MetricLabel]: HistogramParts] = [:]
    var order: [[MetricLabel]] = []
    for sample in family.samples {
      let labels = Self.labels(sample.labels.filter { $0.name != "le" })
      if parts[labels] == nil { order.append(labels) }
      let bound = sample.labels.first { $0.name == "le" }?.value
      guard parts[labels, default: HistogramParts()].add(sample, bound: bound) else { return nil }
    }
    for labels in order {
      guard let histogram = parts[labels]?.histogram else { return nil }
      histograms.append((labels, histogram))
    }
  }

  private static func labels(_ labels: [(name: String, value: String)]) -> [MetricLabel] {
    labels.map { MetricLabel($0.name, $0.value) }.sorted { $0.name < $1.name }
  }
}

/// The series of one histogram.
private struct HistogramParts {
  private var buckets: [(bound: Double, count: UInt64)] = []
  private var count: UInt64?
  private var sum = 0.0

  /// False if it does not belong to a histogram.
  mutating func add(_ sample: TextExposition.Sample, bound: String?) -> Bool {
    switch sample.suffix {
    case "_bucket":
      guard let bound = bound.flatMap(TextExposition.number), !bound.isNaN,
        let count = UInt64(exactly: sample.value)
      else { return false }
      buckets.append((bound, count))
    case "_sum": sum = sample.value
    case "_count":
      guard let all = UInt64(exactly: sample.value) else { return false }
      count = all
    default: return false
    }
    return true
  }

  /// Nil unless counts grow with their bounds.
  var histogram: Histogram? {
    let sorted = buckets.sorted { $0.bound < $1.bound }
    let inner = sorted.filter { $0.bound.isFinite }
    guard let all = sorted.last.flatMap({ $0.bound == .infinity ? $0.count : nil }) ?? count,
      inner.count + 1 >= sorted.count
    else { return nil }
    var counts: [UInt64] = []
    var before: UInt64 = 0
    for count in inner.map(\.count) + [all] {
      guard count >= before else { return nil }
      counts.append(count - before)
      before = count
    }
    return Histogram(bounds: inner.map(\.bound), counts: counts, sum: sum)
  }
}

/// Families of several files, each series once.
struct TextMerge {
  private struct Known {
    let kind: TextExposition.Kind
    let help: String?
    var labels: Set<Series> = []
  }

  private struct Series: Hashable {
    let suffix: String
    let labels: [MetricLabel]
  }

  private var known: [String: Known] = [:]
  private var families: [TextFamily] = []
  /// Names of series with the family that each belongs to.
  private var owners: [String: String] = [:]
  /// Series that are not taken.
  private(set) var refused = 0

  /// What the agent says of itself and of the collectors.
  private static let ours = ["wick_", "node_scrape_collector_", "node_textfile_"]

  /// Adds a family if its kind and its help are those of the files before, and the names are free.
  mutating func add(_ family: TextFamily) {
    let count = family.points.count + family.histograms.count
    guard count > 0 else { return }
    let first = known[family.name] ?? Known(kind: family.kind, help: family.help)
    let names = family.kind.names(of: family.name)
    guard first.kind == family.kind, first.help == family.help,
      !Self.ours.contains(where: { family.name.hasPrefix($0) }),
      names.allSatisfy({ owners[$0] == nil || owners[$0] == family.name })
    else {
      refused += count
      return
    }
    for name in names { owners[name] = family.name }
    known[family.name] = first
    families.append(family)
  }

  /// Adds all series, of those that are there twice the first.
  mutating func add(to batch: inout MetricBatch) {
    for family in families {
      let help = family.help ?? "From a text file."
      for point in family.points {
        guard isNew(point.suffix, point.labels, of: family) else { continue }
        batch.add(
          family.name + point.suffix, family.kind.ofNumbers, help, point.value, labels: point.labels
        )
      }
      for one in family.histograms {
        guard isNew("", one.labels, of: family) else { continue }
        batch.add(family.name, help, one.histogram, labels: one.labels)
      }
    }
    families = []
  }

  private mutating func isNew(_ suffix: String, _ labels: [MetricLabel], of family: TextFamily)
    -> Bool
  {
    let series = Series(suffix: suffix, labels: labels)
    let isNew = known[family.name]?.labels.insert(series).inserted ?? false
    if !isNew { refused += 1 }
    return isNew
  }
}

extension TextExposition.Kind {
  /// Of the numbers that we keep; a summary's are of no kind that we know.
  fileprivate var ofNumbers: MetricDescriptor.Kind {
    switch self {
    case .counter: .counter
    case .gauge: .gauge
    case .untyped, .histogram, .summary: .untyped
    }
  }

  /// The names that a family's series have.
  fileprivate func names(of family: String) -> [String] {
    switch self {
    case .counter, .gauge, .untyped: [family]
    case .summary: [family, family + "_sum", family + "_count"]
    case .histogram: [family, family + "_bucket", family + "_sum", family + "_count"]
    }
  }
}
