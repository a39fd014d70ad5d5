package import MetricModel

/// Writes metrics as Prometheus reads them.
///
/// - Source: Prometheus, text exposition format 0.0.4.
package enum PrometheusText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The families sorted by name.
  package static func encode(_ families: [MetricFamily]) -> [UInt8] {
    var writer = PrometheusWriter()
    for family in families.sorted(by: { $0.descriptor.name < $1.descriptor.name }) {
      writer.append(family)
    }
    return writer.text
  }
}

private struct PrometheusWriter {
  private(set) var text: [UInt8] = []

  mutating func append(_ family: MetricFamily) {
    let name = family.descriptor.name
    text += "# HELP \(name) ".utf8
    append(escaped: family.descriptor.help, quotes: false)
    text += "\n# TYPE \(name) \(family.descriptor.kind.rawValue)\n".utf8
    let scale = family.descriptor.unit.perBaseUnit
    for point in family.points {
      appendSeries(name, "", point.labels, bound: nil)
      append(point.value / scale)
    }
    for point in family.histograms { append(point, of: name, scale: scale) }
  }

  /// A histogram is a series for each bucket, with all that is below, and two more.
  private mutating func append(_ point: HistogramPoint, of name: String, scale: Double) {
    let histogram = point.histogram
    for bucket in histogram.cumulative where bucket.upperBound.isFinite {
      appendSeries(
        name, "_bucket", point.labels, bound: Self.number(bucket.upperBound / scale))
      append(bucket.count)
    }
    appendSeries(name, "_bucket", point.labels, bound: "+Inf")
    append(histogram.count)
    if let sum = histogram.sum {
      appendSeries(name, "_sum", point.labels, bound: nil)
      append(sum / scale)
    }
    appendSeries(name, "_count", point.labels, bound: nil)
    append(histogram.count)
  }

  /// What stands before the value.
  private mutating func appendSeries(
    _ name: String, _ suffix: String, _ labels: [MetricLabel], bound: String?
  ) {
    text += name.utf8
    text += suffix.utf8
    var separator = UInt8(ascii: "{")
    for label in labels {
      append(label.name, label.value, after: &separator)
    }
    if let bound { append("le", bound, after: &separator) }
    if separator == UInt8(ascii: ",") { text.append(UInt8(ascii: "}")) }
    text.append(UInt8(ascii: " "))
  }

  private mutating func append(
    _ label: String, _ value: String, after separator: inout UInt8
  ) {
    text.append(separator)
    separator = UInt8(ascii: ",")
    text += label.utf8
    text += "=\"".utf8
    append(escaped: value, quotes: true)
    text.append(UInt8(ascii: "\""))
  }

  private mutating func append(escaped string: String, quotes: Bool) {
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): text += #"\\"#.utf8
      case UInt8(ascii: "\n"): text += #"\n"#.utf8
      case UInt8(ascii: "\"") where quotes: text += #"\""#.utf8
      // Prometheus takes it for the end of the text.
      case 0: text += "\u{FFFD}".utf8
      default: text.append(byte)
      }
    }
  }

  private mutating func append(_ value: Double) { text += "\(Self.number(value))\n".utf8 }

  private mutating func append(_ count: UInt64) { text += "\(count)\n".utf8 }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Without a fraction where there is none, as counters are read by people too.
    if value.rounded() == value, value.magnitude < 1e15 { return "\(Int64(value))" }
    return "\(value)"
  }
}
