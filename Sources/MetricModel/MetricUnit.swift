/// What one of a metric's numbers is.
package struct MetricUnit: Hashable, Sendable {
  /// In the notation of UCUM, such as `s` or `{packet}`; empty where nobody knows.
  package let code: String
  /// How many of it are one of the base unit that Prometheus' names speak of.
  package let perBaseUnit: Double

  /// A unit that Prometheus uses as it is.
  package init(_ code: String) {
    self.init(code, perBaseUnit: 1)
  }

  private init(_ code: String, perBaseUnit: Double) {
    self.code = code
    self.perBaseUnit = perBaseUnit
  }

  package static let none = MetricUnit("")
  package static let one = MetricUnit("1")
  package static let seconds = MetricUnit("s")
  package static let bytes = MetricUnit("By")
  /// As the kernel counts time; `_seconds` in Prometheus.
  package static let nanoseconds = MetricUnit("ns", perBaseUnit: 1_000_000_000)

  /// The unit that stands at the end of a name of Prometheus', before `_total`.
  ///
  /// - Source: Prometheus, "Metric and label naming"; The Unified Code for Units of Measure.
  package init(ofName name: String) {
    let parts = name.utf8.split(separator: UInt8(ascii: "_")).suffix(2).map(Substring.init)
    let word = parts.last == "total" ? parts.first : parts.last
    self = word.flatMap { Self.byWord[String($0)] } ?? .none
  }

  private static let byWord: [String: MetricUnit] = [
    "seconds": .seconds, "bytes": .bytes, "ratio": .one, "bits": MetricUnit("bit"),
    "celsius": MetricUnit("Cel"), "hertz": MetricUnit("Hz"), "volts": MetricUnit("V"),
    "amperes": MetricUnit("A"), "joules": MetricUnit("J"), "watts": MetricUnit("W"),
    "percent": MetricUnit("%"), "meters": MetricUnit("m"), "packets": MetricUnit("{packet}"),
    "info": .one,
  ]
}
