package import MetricModel

/// What was measured since the beginning, by service: histograms and counts that never fall, in a
/// bounded number of series.
///
/// Of each service, those calls, devices and servers have series of their own that took a share of
/// its time or of its events worth naming, a few of them; the others are one, called `other`. What was
/// counted there stays there, so that no series ever falls. Series beyond the limit of a metric
/// are one as well: `MetricFamily.overflow`.
package struct LatencyTotals: Sendable {
  package struct Limits: Sendable {
    /// Series of one histogram.
    package var histograms = 400
    /// Series of one counter.
    package var counters = 1_000
    /// Calls, devices or servers of one service that are told apart.
    package var details = 6
    /// Exemplars of one series that are kept until they are taken.
    package var exemplars = 4

    package init() {}
  }

  struct Latencies: Sendable {
    var histogram = LatencyHistogram()
    var exemplars: [MetricExemplar] = []
  }

  /// What a service does of one kind: it has a few details of its own.
  private struct Origin: Hashable {
    let service: String
    let kind: LatencyKind
  }

  private let limits: Limits
  private var histograms: [String: SeriesTable<Latencies>] = [:]
  private var counters: [String: SeriesTable<UInt64>] = [:]
  /// With the time at which they were last worth it, in nanoseconds since 1970-01-01 UTC.
  private var details: [Origin: [[MetricLabel]: UInt64]] = [:]
  private var losses: [LatencyKind: LatencyLosses] = [:]

  /// The name of what is told together.
  static let other = "other"
  /// Services whose details are remembered.
  private static let originLimit = 4_096
  /// Of a service's time or events, what is worth a series: one in so many.
  private static let leastPart: UInt64 = 100
  /// What was not worth it for so long gives its place to what is: a program begins with other calls
  /// than it goes on with.
  private static let retention: UInt64 = 60_000_000_000

  package init(limits: Limits = Limits()) { self.limits = limits }
}

// Adding.
extension LatencyTotals {
  /// Adds what was measured in an interval.
  ///
  /// - Parameters:
  ///   - interval: of one kind.
  ///   - kind: that kind.
  ///   - service: says which service a row is of; nil where nothing is to be told of it.
  package mutating func add(
    _ interval: LatencyInterval, of kind: LatencyKind, service: (LatencyRow) -> String?
  ) {
    losses[kind, default: LatencyLosses()].add(interval.losses)
    var byService: [String: [LatencyRow]] = [:]
    let since = interval.startUnixNanoseconds
    for row in interval.rows {
      guard row.key.pid != 0 else {
        add(row, of: kind, labels: nil, since)
        continue
      }
      if let name = service(row) { byService[name, default: []].append(row) }
    }
    for (name, rows) in byService {
      choose(rows, of: Origin(service: name, kind: kind), at: since)
      for row in rows { add(row, of: kind, labels: labels(row.figure, of: name, kind), since) }
    }
  }

  /// Adds an exemplar to the series that has its value.
  package mutating func add(
    _ exemplar: MetricExemplar, of kind: LatencyKind, figure: LatencyFigure, service: String
  ) {
    guard let metric = LatencyMetric.histogram(figure.name, of: kind) else { return }
    let limit = limits.exemplars
    let labels = labels(figure, of: service, kind)
    histograms[metric.name]?.update(labels) { latencies in
      latencies.exemplars.append(exemplar)
      guard latencies.exemplars.count > limit,
        let least = latencies.exemplars.indices.min(by: {
          latencies.exemplars[$0].value < latencies.exemplars[$1].value
        })
      else { return }
      latencies.exemplars.remove(at: least)
    }
  }

  /// Forgets the exemplars of values that were measured before a time, in nanoseconds since 1970-01-01
  /// UTC: they have been told.
  package mutating func forgetExemplars(before time: UInt64) {
    for name in histograms.keys {
      histograms[name]?.updateAll { latencies in
        latencies.exemplars.removeAll { $0.timeUnixNanoseconds < time }
      }
    }
  }

  /// Gives those details series of their own that are worth it, the greatest first.
  private mutating func choose(_ rows: [LatencyRow], of origin: Origin, at time: UInt64) {
    var parts: [[MetricLabel]: (time: UInt64, events: UInt64)] = [:]
    var all: (time: UInt64, events: UInt64) = (0, 0)
    for row in rows where !row.figure.labels.isEmpty {
      let events = row.histogram.count &+ row.errorCount &+ row.counts.values.reduce(0, &+)
      parts[row.figure.labels, default: (0, 0)].time &+= row.histogram.sum
      parts[row.figure.labels, default: (0, 0)].events &+= events
      all.time &+= row.histogram.sum
      all.events &+= events
    }
    guard !parts.isEmpty else { return }
    let worthy = parts.filter { _, part in
      part.time > all.time / Self.leastPart || part.events > all.events / Self.leastPart
    }.sorted { ($0.value.time, $0.value.events) > ($1.value.time, $1.value.events) }
    var known = details[origin] ?? [:]
    for (labels, _) in worthy where known[labels] != nil { known[labels] = time }
    for (labels, _) in worthy where known[labels] == nil {
      if known.count >= limits.details {
        guard let oldest = known.min(by: { $0.value < $1.value }),
          oldest.value &+ Self.retention < time
        else { break }
        known[oldest.key] = nil
        forget(oldest.key, of: origin)
      }
      known[labels] = time
    }
    if details.count >= Self.originLimit, details[origin] == nil { details = [:] }
    details[origin] = known
  }

  /// Ends the series of a detail; if it comes back, it begins anew.
  private mutating func forget(_ detail: [MetricLabel], of origin: Origin) {
    let labels = [MetricLabel("service", origin.service)] + detail
    let names = LatencyMetric.names(of: origin.kind)
    for name in names where histograms[name] != nil { histograms[name]?.remove(labels) }
    for name in names where counters[name] != nil { counters[name]?.remove(labels) }
  }

  private func labels(_ figure: LatencyFigure, of service: String, _ kind: LatencyKind)
    -> [MetricLabel]
  {
    var own = figure.labels
    if !own.isEmpty, details[Origin(service: service, kind: kind)]?[own] == nil {
      own = own.map { MetricLabel($0.name, Self.other) }
    }
    return [MetricLabel("service", service)] + own
  }

  /// Adds a row to the series with these labels; nil for what is of no process.
  private mutating func add(
    _ row: LatencyRow, of kind: LatencyKind, labels: [MetricLabel]?, _ since: UInt64
  ) {
    if row.histogram.count > 0, let metric = LatencyMetric.histogram(row.figure.name, of: kind) {
      histograms[metric.name, default: SeriesTable(limit: limits.histograms)]
        .add(to: labels, since: since, new: Latencies()) { $0.histogram.add(row.histogram) }
    }
    func count(_ metric: LatencyMetric, _ amount: UInt64) {
      guard amount > 0 else { return }
      counters[metric.name, default: SeriesTable(limit: limits.counters)]
        .add(to: labels.map { $0 + metric.labels }, since: since, new: 0) { $0 &+= amount }
    }
    if kind == .syscalls { count(.interrupted, row.interrupted) }
    for (name, amount) in row.errors { count(LatencyMetric.error(name, of: kind), amount) }
    for (name, amount) in row.counts {
      if let metric = LatencyMetric.count(name, of: kind) { count(metric, amount) }
    }
  }
}

// Telling.
extension LatencyTotals {
  /// Adds all series.
  package func add(to batch: inout MetricBatch) {
    let before = batch.countedSince
    defer { batch.countedSince = before }
    for (name, table) in histograms.sorted(by: { $0.key < $1.key }) {
      let help = LatencyMetric.help(of: name)
      for (labels, series) in table.sorted {
        batch.countedSince = series.countedSince
        batch.add(
          name, help, Histogram(series.value.histogram), unit: .nanoseconds, labels: labels,
          exemplars: series.value.exemplars)
      }
      guard let overflow = table.overflow else { continue }
      batch.countedSince = overflow.countedSince
      batch.addOverflow(name, Histogram(overflow.value.histogram))
    }
    for (name, table) in counters.sorted(by: { $0.key < $1.key }) {
      let help = LatencyMetric.help(of: name)
      for (labels, series) in table.sorted {
        batch.countedSince = series.countedSince
        batch.add(name, .counter, help, Double(series.value), labels: labels)
      }
      guard let overflow = table.overflow else { continue }
      batch.countedSince = overflow.countedSince
      batch.addOverflow(name, Double(overflow.value))
    }
  }

  /// What is not where it belongs, by kind, and why.
  package func addLosses(to batch: inout MetricBatch) {
    for (kind, losses) in losses.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      for (reason, count) in losses.byReason {
        batch.add(
          "wick_latency_lost_total", .counter,
          "What is in no histogram, or without its process or its error, for want of room.",
          Double(count), ["kind": kind.rawValue, "reason": reason])
      }
      batch.add(
        "wick_latency_exemplars_total", .counter, "Stacks that were taken of slow operations.",
        Double(losses.exemplars), ["kind": kind.rawValue])
    }
    let refused = histograms.mapValues(\.refused).merging(counters.mapValues(\.refused)) { $0 + $1 }
    for (name, count) in refused.sorted(by: { $0.key < $1.key }) where count > 0 {
      batch.add(
        "wick_latency_overflows_total", .counter,
        "How often something was added to the series other, for a metric has too many.",
        Double(count), ["metric": name])
    }
  }
}

extension LatencyLosses {
  fileprivate var byReason: [(String, UInt64)] {
    [
      ("no_process", folded), ("no_histogram", lost), ("no_error", errors),
      ("no_beginning", beginnings), ("other", special.values.reduce(0, &+)),
    ]
  }
}
