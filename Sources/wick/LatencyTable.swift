import Latency
import MetricModel

/// Rows of latencies in aligned columns.
struct LatencyTable {
  private struct Column {
    let title: String
    var isRight = false
    /// Columns of characters that it may take at most.
    var limit = Int.max
  }

  private let columns: [Column]
  private let hasTrend: Bool
  private var rows: [[String]] = []

  init(subject: String, heat: String, hasTrend: Bool) {
    self.hasTrend = hasTrend
    var columns = [
      Column(title: "PROCESS", limit: 16), Column(title: "PID", isRight: true),
      Column(title: subject, limit: 56), Column(title: "COUNT", isRight: true),
      Column(title: "ERRORS", isRight: true), Column(title: "P50", isRight: true),
      Column(title: "P90", isRight: true), Column(title: "P99", isRight: true),
      Column(title: "MAX", isRight: true),
    ]
    if hasTrend { columns.append(Column(title: "TREND")) }
    columns.append(Column(title: heat))
    columns.append(Column(title: "WHICH, COUNTS"))
    self.columns = columns
  }

  mutating func add(_ row: LatencyRow, heat: String, trend: String) {
    let histogram = row.histogram
    var cells = [
      row.process, row.key.pid == 0 ? "-" : "\(row.key.pid)", row.name, "\(histogram.count)",
      row.errorCount == 0 ? "" : "\(row.errorCount)",
      LatencyText.time(histogram.quantile(0.5)), LatencyText.time(histogram.quantile(0.9)),
      LatencyText.time(histogram.quantile(0.99)),
      LatencyText.time(histogram.count == 0 ? nil : Double(histogram.max)),
    ]
    if hasTrend { cells.append(trend) }
    cells.append(heat)
    cells.append(Self.errors(row))
    rows.append(cells)
  }

  /// `12 EAGAIN, 1 EINTR`, the most frequent first.
  private static func errors(_ row: LatencyRow) -> String {
    var parts = row.errors.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) \($0.key)" }
    if row.interrupted > 0 { parts.append("\(row.interrupted) interrupted") }
    parts += row.counts.sorted { $0.key < $1.key }.map { name, value in
      let words = name.split(separator: "_").joined(separator: " ")
      return name.hasPrefix("bytes_")
        ? "\(LatencyText.bytes(value)) \(words.dropFirst("bytes ".count))" : "\(value) \(words)"
    }
    return parts.joined(separator: ", ")
  }

  /// Heading and rows, each cut to `width`.
  func lines(width: Int) -> [String] {
    var widths = columns.map(\.title.count)
    for row in rows {
      for (index, cell) in row.enumerated() {
        widths[index] = max(widths[index], min(cell.count, columns[index].limit))
      }
    }
    return ([columns.map(\.title)] + rows).map { row in
      var line = ""
      for (index, cell) in row.enumerated() {
        let shown = Self.cut(cell, to: widths[index])
        let blanks = String(repeating: " ", count: widths[index] - shown.count)
        line += index == 0 ? "" : "  "
        line += columns[index].isRight ? blanks + shown : shown + blanks
      }
      while line.last == " " { line.removeLast() }
      return Self.cut(line, to: width)
    }
  }

  static func cut(_ text: String, to width: Int) -> String {
    text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
  }
}
