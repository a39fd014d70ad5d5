package import MetricModel

/// Writes metrics as Prometheus reads them.
///
/// - Source: Prometheus, text exposition format 0.0.4.
package enum PrometheusText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The families sorted by name.
  package static func encode(_ families: [MetricFamily]) -> [UInt8] {
    var text: [UInt8] = []
    for family in families.sorted(by: { $0.descriptor.name < $1.descriptor.name }) {
      let name = family.descriptor.name
      text += "# HELP \(name) \(escaped(family.descriptor.help, quotes: false))\n".utf8
      text += "# TYPE \(name) \(family.descriptor.kind.rawValue)\n".utf8
      for point in family.points {
        text += name.utf8
        append(point.labels, to: &text)
        text += " \(number(point.value))\n".utf8
      }
    }
    return text
  }

  private static func append(_ labels: [MetricPoint.Label], to text: inout [UInt8]) {
    guard !labels.isEmpty else { return }
    for (index, label) in labels.enumerated() {
      text += (index == 0 ? "{" : ",").utf8
      text += "\(label.name)=\"\(escaped(label.value, quotes: true))\"".utf8
    }
    text.append(UInt8(ascii: "}"))
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else {
      return text
    }
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    // Without a fraction where there is none, as counters are read by people too.
    if value.rounded() == value, value.magnitude < 1e15 { return "\(Int64(value))" }
    return "\(value)"
  }
}
