import Latency
import MetricModel

/// Latencies as JSON, an object a line, as wick(1) describes it.
enum LatencyJSON {
  /// What happened in an interval.
  static func line(_ interval: LatencyInterval, kind: LatencyKind) -> String {
    object([
      ("kind", quoted(kind.rawValue)), ("final", "false"),
      ("start_unix_ns", "\(interval.startUnixNanoseconds)"),
      ("duration_s", seconds(interval.durationNanoseconds)),
      ("rows", rows(interval.rows)), ("losses", losses(interval.losses)),
    ]) + "\n"
  }

  /// Everything that was measured.
  static func line(_ recording: LatencyRecording) -> String {
    object([
      ("kind", quoted(recording.kind.rawValue)), ("final", "true"),
      ("target", quoted(recording.target)),
      ("start_unix_ns", "\(recording.intervals.first?.startUnixNanoseconds ?? 0)"),
      ("duration_s", seconds(recording.durationNanoseconds)),
      ("rows", rows(recording.totals.values)), ("losses", losses(recording.losses)),
      ("exemplars", array(recording.exemplars.map(exemplar))),
    ]) + "\n"
  }

  private static func rows(_ rows: some Sequence<LatencyRow>) -> String {
    array(rows.sorted { ($1.histogram.sum, $0.key.pid) < ($0.histogram.sum, $1.key.pid) }.map(row))
  }

  private static func row(_ row: LatencyRow) -> String {
    let histogram = row.histogram
    return object([
      ("process", quoted(row.process)), ("pid", "\(row.key.pid)"), ("name", quoted(row.name)),
      ("count", "\(histogram.count)"), ("error_count", "\(row.errorCount)"),
      ("errors", object(row.errors.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })),
      ("counts", object(row.counts.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })),
      ("interrupted", "\(row.interrupted)"), ("sum_s", seconds(histogram.sum)),
      ("p50_s", seconds(histogram.quantile(0.5))), ("p90_s", seconds(histogram.quantile(0.9))),
      ("p99_s", seconds(histogram.quantile(0.99))), ("max_s", seconds(histogram.max)),
      (
        "buckets_ns",
        object([
          ("scale", "\(LatencyHistogram.scale)"), ("offset", "\(histogram.offset)"),
          ("counts", array(histogram.counts.map { "\($0)" })),
        ])
      ),
    ])
  }

  private static func losses(_ losses: LatencyLosses) -> String {
    object([
      ("folded", "\(losses.folded)"), ("lost", "\(losses.lost)"), ("errors", "\(losses.errors)"),
      ("beginnings", "\(losses.beginnings)"), ("targets", "\(losses.targets)"),
      ("endless", "\(losses.endless)"), ("exemplars", "\(losses.exemplars)"),
      ("limited_exemplars", "\(losses.limitedExemplars)"),
      (
        "special",
        object(losses.special.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") })
      ),
    ])
  }

  private static func exemplar(_ exemplar: LatencyExemplar) -> String {
    object([
      ("process", quoted(exemplar.process)), ("thread", quoted(exemplar.thread)),
      ("pid", "\(exemplar.pid)"), ("tid", "\(exemplar.tid)"), ("name", quoted(exemplar.name)),
      ("value_s", seconds(exemplar.value)), ("time_unix_ns", "\(exemplar.timeUnixNanoseconds)"),
      ("stack", array(exemplar.stack.map { quoted($0.name) })),
    ])
  }

  private static func seconds(_ nanoseconds: UInt64) -> String { seconds(Double(nanoseconds)) }

  private static func seconds(_ nanoseconds: Double?) -> String {
    nanoseconds.map { "\($0 / 1_000_000_000)" } ?? "null"
  }

  private static func array(_ values: [String]) -> String {
    "[" + values.joined(separator: ",") + "]"
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\(quoted($0)):\($1)" }.joined(separator: ",") + "}"
  }

  /// - Source: RFC 8259, 7: quotation marks, backslashes and control characters are escaped.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
