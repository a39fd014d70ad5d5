import MetricModel
import ResourceModel

/// A metric under its name in OTLP.
struct NamedMetric {
  enum Kind: Hashable {
    case counter
    case upDownCounter
    case gauge
    case histogram
  }

  struct Point {
    var attributes: [Attribute]
    var content: Content
    /// Nanoseconds since 1970-01-01 UTC; 0 where nobody knows.
    var countedSince: UInt64
    var exemplars: [MetricExemplar] = []
    /// The value of the label that says which resource it is about; nil for the host.
    var resource: String?
  }

  enum Content {
    case number(Double)
    case histogram(Histogram)
  }

  let name: String
  let help: String
  let unit: String
  let kind: Kind
  var points: [Point]
}
