import Latency
import LinuxHost
import MetricModel
import ProfileModel

/// The table of latencies: live on a terminal, and as a whole at the end.
final class LatencyScreen {
  let isLive: Bool
  private let sorting: LatencySorting
  /// Counts of the last intervals, by row.
  private var trends: [LatencyKey: [UInt64]] = [:]
  private var shownLines = 0

  private static let trendLength = 12
  /// Lines that are not rows: heading, what it is, and where the cursor stays.
  private static let frameLines = 4

  init(isLive: Bool, sorting: LatencySorting) {
    self.isLive = isLive
    self.sorting = sorting
  }

  /// Takes note of an interval, and shows it.
  func show(_ interval: LatencyInterval, in recording: LatencyRecording) {
    follow(interval)
    guard isLive else { return }
    let seconds = Int(recording.durationNanoseconds / 1_000_000_000)
    let room = max(1, (Terminal.lines ?? 24) - Self.frameLines)
    let rows = Array(sorted(interval.rows).prefix(room))
    let hidden = interval.rows.count - rows.count
    var lines = table(rows, kind: recording.kind, hasTrend: true)
    lines[0] = coloured(lines[0])
    let more = hidden > 0 ? ", \(hidden) more rows" : ""
    let state = "\(recording.target), \(seconds) s\(more) (Ctrl-C to finish)"
    lines.append(LatencyTable.cut(state, to: TableWidth.current))
    clear()
    Terminal.write(lines.map { $0 + "\n" }.joined())
    shownLines = lines.count
  }

  /// Takes away what is shown.
  func clear() {
    guard shownLines > 0 else { return }
    Terminal.write("\u{1b}[\(shownLines)A\r\u{1b}[J")
    shownLines = 0
  }

  private func coloured(_ heading: String) -> String {
    Terminal.hasColours ? "\u{1b}[7m\(heading)\u{1b}[0m" : heading
  }

  private func follow(_ interval: LatencyInterval) {
    for key in trends.keys { trends[key]?.append(0) }
    for row in interval.rows {
      var trend = trends[row.key] ?? [0]
      trend[trend.count - 1] = row.histogram.count
      trends[row.key] = trend
    }
    trends = trends.compactMapValues { trend in
      let last = trend.suffix(Self.trendLength)
      return last.allSatisfy { $0 == 0 } ? nil : Array(last)
    }
  }

  private func sorted(_ rows: some Sequence<LatencyRow>) -> [LatencyRow] {
    func figure(_ row: LatencyRow) -> Double {
      switch sorting {
      case .time: Double(row.histogram.sum)
      case .count: Double(row.histogram.count)
      case .errors: Double(row.errorCount)
      case .p99: row.histogram.quantile(0.99) ?? 0
      case .max: Double(row.histogram.max)
      }
    }
    return rows.map { (figure($0), $0) }.sorted { one, other in
      if one.0 != other.0 { return one.0 > other.0 }
      return (one.1.key.pid, one.1.name) < (other.1.key.pid, other.1.name)
    }.map(\.1)
  }
}

// Text.
extension LatencyScreen {
  /// Everything that was measured.
  func final(_ recording: LatencyRecording) -> String {
    let rows = sorted(recording.totals.values)
    let seconds = LatencyText.number(Double(recording.durationNanoseconds) / 1e9, digits: 2)
    var lines = ["\(recording.kind.rawValue) of \(recording.target), \(seconds) s"]
    lines +=
      rows.isEmpty ? ["nothing happened"] : table(rows, kind: recording.kind, hasTrend: false)
    lines += exemplars(recording)
    return lines.map { $0 + "\n" }.joined()
  }

  private static let exemplarsShown = 3
  private static let framesShown = 12

  /// What led to the slowest values.
  private func exemplars(_ recording: LatencyRecording) -> [String] {
    let slowest = recording.exemplars.sorted { $0.value > $1.value }.prefix(Self.exemplarsShown)
    return slowest.flatMap { exemplar -> [String] in
      let rest = exemplar.stack.count - Self.framesShown
      return [
        "",
        "\(LatencyText.time(Double(exemplar.value))) \(exemplar.name) in \(exemplar.process) "
          + "(pid \(exemplar.pid), tid \(exemplar.tid), \(exemplar.thread)):",
      ] + exemplar.stack.prefix(Self.framesShown).map { "    " + $0.name }
        + (rest > 0 ? ["    … \(rest) more"] : [])
        + (exemplar.incomplete.map { ["    " + Profile.mark($0)] } ?? [])
    }
  }

  private func table(_ rows: [LatencyRow], kind: LatencyKind, hasTrend: Bool) -> [String] {
    let axis = HeatAxis(rows.lazy.map(\.histogram))
    var table = LatencyTable(subject: kind.subject, heat: axis.range, hasTrend: hasTrend)
    for row in rows {
      table.add(
        row, heat: LatencyText.heat(row.histogram, axis),
        trend: LatencyText.sparkline(trends[row.key] ?? []))
    }
    return table.lines(width: TableWidth.current)
  }
}
