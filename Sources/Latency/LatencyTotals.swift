package import MetricModel

/// What was measured since the beginning, by service: histograms and counts that never fall while they
/// last, in a bounded number of series.
///
/// Of each service, those calls, devices and servers have series of their own that took a share of
/// its time or of its events worth naming, a few of them; the others are one, called `other`. What was
/// counted there stays there, so that no series falls. One that gives its place to another ends, and
/// what it measures goes on in `other`. Series beyond the limit of a metric are one as well:
/// `MetricFamily.overflow`; a service of that name is a part of it.
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
    /// With the numbers in which they came.
    var exemplars: [(number: UInt64, exemplar: MetricExemplar)] = []
  }

  /// A call, device or server that has series of its own; by the monotonic clock.
  private struct Detail {
    var since: UInt64
    /// When it was last worth it.
    var usedAt: UInt64
  }

  /// What a service does of one kind: it has a few details of its own.
  private struct Origin: Hashable {
    let service: String
    let kind: LatencyKind
  }

  private let limits: Limits
  private var histograms: [String: SeriesTable<Latencies>] = [:]
  private var counters: [String: SeriesTable<UInt64>] = [:]
  private var details: [Origin: [[MetricLabel]: Detail]] = [:]
  /// Exemplars that came so far.
  private var exemplarCount: UInt64 = 0
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
  /// What has had its place for as long gives it to what takes more than so many times its time, however
  /// much it is worth.
  private static let precedence: UInt64 = 4

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
    for row in interval.rows {
      let name = row.key.pid == 0 ? Self.other : service(row)
      if let name { byService[name, default: []].append(row) }
    }
    for (name, rows) in byService {
      if name != Self.other {
        choose(rows, of: Origin(service: name, kind: kind), at: interval.endedAt)
      }
      for row in rows {
        add(row, of: kind, labels: labels(row.figure, of: name, kind), interval)
      }
    }
  }

  /// Adds an exemplar to the series that has its value.
  package mutating func add(
    _ exemplar: MetricExemplar, of kind: LatencyKind, figure: LatencyFigure, service: String
  ) {
    guard let metric = LatencyMetric.histogram(figure.name, of: kind) else {
      return addLostExemplar(of: kind)
    }
    exemplarCount += 1
    let (number, limit) = (exemplarCount, limits.exemplars)
    let labels = labels(figure, of: service, kind)
    let hasPlace = histograms[metric.name]?.update(labels) { latencies in
      latencies.exemplars.append((number, exemplar))
      guard latencies.exemplars.count > limit,
        let least = latencies.exemplars.indices.min(by: {
          latencies.exemplars[$0].exemplar.value < latencies.exemplars[$1].exemplar.value
        })
      else { return }
      latencies.exemplars.remove(at: least)
    }
    if hasPlace != true { addLostExemplar(of: kind) }
  }

  /// Takes note of an exemplar that is of no series.
  package mutating func addLostExemplar(of kind: LatencyKind) {
    losses[kind, default: LatencyLosses()].placelessExemplars &+= 1
  }

  /// Forgets the exemplars that have been told: those up to a number of which `add(to:)` told the batch.
  package mutating func forgetExemplars(upTo number: UInt64) {
    for name in histograms.keys {
      histograms[name]?.updateAll { latencies in
        latencies.exemplars.removeAll { $0.number <= number }
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
    for (labels, _) in worthy { known[labels]?.usedAt = time }
    for (labels, part) in worthy where known[labels] == nil {
      if known.count >= limits.details {
        let limit = part.time / Self.precedence
        let least = Self.least(of: known, at: time, below: limit) { parts[$0]?.time ?? 0 }
        guard let least else { break }
        known[least] = nil
        forget(least, of: origin)
      }
      known[labels] = Detail(since: time, usedAt: time)
    }
    if details.count >= Self.originLimit, details[origin] == nil { details = [:] }
    details[origin] = known
  }

  /// Which detail gives its place to another; nil if none does.
  private static func least(
    of known: [[MetricLabel]: Detail], at now: UInt64, below limit: UInt64,
    _ time: ([MetricLabel]) -> UInt64
  ) -> [MetricLabel]? {
    if let oldest = known.min(by: { $0.value.usedAt < $1.value.usedAt }),
      oldest.value.usedAt &+ retention < now
    {
      return oldest.key
    }
    let settled = known.filter { $0.value.since &+ retention < now }.keys
    return settled.min { time($0) < time($1) }.flatMap { time($0) < limit ? $0 : nil }
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

  /// Adds a row to the series with these labels, the service first.
  private mutating func add(
    _ row: LatencyRow, of kind: LatencyKind, labels: [MetricLabel], _ interval: LatencyInterval
  ) {
    let isOther = labels.first?.value == Self.other
    let (since, now) = (interval.startUnixNanoseconds, interval.endedAt)
    if row.histogram.count > 0, let metric = LatencyMetric.histogram(row.figure.name, of: kind) {
      histograms[metric.name, default: SeriesTable(limit: limits.histograms)]
        .add(to: labels, isOther: isOther, since: since, now: now, new: Latencies()) {
          $0.histogram.add(row.histogram)
        }
    }
    func count(_ metric: LatencyMetric, _ amount: UInt64) {
      guard amount > 0 else { return }
      counters[metric.name, default: SeriesTable(limit: limits.counters)]
        .add(to: labels + metric.labels, isOther: isOther, since: since, now: now, new: 0) {
          $0 &+= amount
        }
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
  /// Adds all series, and tells the batch which exemplars had come by then.
  package func add(to batch: inout MetricBatch) {
    let before = batch.countedSince
    defer { batch.countedSince = before }
    batch.exemplarsUpTo = exemplarCount
    // Somebody may have set the clock back: nothing began after the time at which it is told.
    let latest = batch.timeUnixNanoseconds > 0 ? batch.timeUnixNanoseconds : .max
    for (name, table) in histograms.sorted(by: { $0.key < $1.key }) {
      let help = LatencyMetric.help(of: name)
      for (labels, series) in table.sorted {
        batch.countedSince = min(series.countedSince, latest)
        batch.add(
          name, help, Histogram(series.value.histogram), unit: .nanoseconds, labels: labels,
          exemplars: series.value.exemplars.map(\.exemplar))
      }
      guard let overflow = table.overflow else { continue }
      batch.countedSince = min(overflow.countedSince, latest)
      batch.addOverflow(
        name, help, Histogram(overflow.value.histogram), unit: .nanoseconds,
        labels: table.overflowLabels)
    }
    for (name, table) in counters.sorted(by: { $0.key < $1.key }) {
      let help = LatencyMetric.help(of: name)
      for (labels, series) in table.sorted {
        batch.countedSince = min(series.countedSince, latest)
        batch.add(name, .counter, help, Double(series.value), labels: labels)
      }
      guard let overflow = table.overflow else { continue }
      batch.countedSince = min(overflow.countedSince, latest)
      batch.addOverflow(
        name, .counter, help, Double(overflow.value), labels: table.overflowLabels)
    }
  }

  /// What is not where it belongs, by kind, and why.
  package func addLosses(to batch: inout MetricBatch) {
    for (kind, losses) in losses.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      for (reason, count) in losses.byReason {
        batch.add(
          "wick_latency_lost_total", .counter,
          "What is in no histogram, or without its process or its error, and exemplars of no series.",
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
      ("no_beginning", beginnings), ("exemplar", placelessExemplars),
      ("other", special.values.reduce(0, &+)),
    ]
  }
}
