/// What one of a metric's numbers is.
package struct MetricUnit: Hashable, Sendable {
  /// In the notation of UCUM, such as `s` or `{packet}`; empty where nobody knows.
  package let code: String
  /// How many of it are one of the base unit that Prometheus' names speak of.
  package let perBaseUnit: Double
  /// What makes the base unit's word this unit's.
  private let prefix: String

  /// A unit that Prometheus uses as it is.
  package init(_ code: String) {
    self.init(code, perBaseUnit: 1, prefix: "")
  }

  private init(_ code: String, perBaseUnit: Double, prefix: String) {
    self.code = code
    self.perBaseUnit = perBaseUnit
    self.prefix = prefix
  }

  package static let none = MetricUnit("")
  package static let one = MetricUnit("1")
  package static let seconds = MetricUnit("s")
  package static let bytes = MetricUnit("By")
  /// As the kernel counts time; `_seconds` in Prometheus.
  package static let nanoseconds = MetricUnit(
    "ns", perBaseUnit: 1_000_000_000, prefix: "nano")

  /// The unit that stands at the end of a name of Prometheus', before `_total`.
  ///
  /// - Source: Prometheus, "Metric and label naming"; The Unified Code for Units of Measure.
  package init(ofName name: String) {
    var rest = name.utf8[...]
    if rest.suffix(6).elementsEqual("_total".utf8) { rest = rest.dropLast(6) }
    let start = rest.lastIndex(of: UInt8(ascii: "_")).map { rest.index(after: $0) }
    self = Self.byWord[String(Substring(rest[(start ?? rest.startIndex)...]))] ?? .none
  }

  /// The name that says this unit, of one that ends in the base unit: `wait_nanoseconds`.
  package func name(ofBaseName name: String) -> String {
    guard !prefix.isEmpty, let last = name.utf8.lastIndex(of: UInt8(ascii: "_")) else {
      return name
    }
    return name[...last] + prefix + name[name.utf8.index(after: last)...]
  }

  private static let byWord: [String: MetricUnit] = [
    "seconds": .seconds, "bytes": .bytes, "ratio": .one, "bits": MetricUnit("bit"),
    "celsius": MetricUnit("Cel"), "hertz": MetricUnit("Hz"), "volts": MetricUnit("V"),
    "amperes": MetricUnit("A"), "joules": MetricUnit("J"), "watts": MetricUnit("W"),
    "percent": MetricUnit("%"), "meters": MetricUnit("m"), "packets": MetricUnit("{packet}"),
    "info": .one,
  ]
}
