/// A metric of OpenTelemetry's semantic conventions, and the Prometheus metrics that it is made of.
struct MetricConvention: Sendable {
  enum Kind: Hashable, Sendable {
    /// Only grows.
    case counter
    /// Values that make sense as a sum: bytes in use, for instance.
    case upDownCounter
    case gauge
  }

  /// A Prometheus metric that gives some of the points.
  struct Source: Sendable {
    let family: String
    /// What is taken off it, series by series: those with the same labels.
    let minus: [String]
    /// Attributes of each point besides its labels.
    let attributes: [String: String]

    init(_ family: String, minus: [String] = [], _ attributes: [String: String] = [:]) {
      self.family = family
      self.minus = minus
      self.attributes = attributes
    }
  }

  /// What becomes of a label.
  struct Label: Sendable {
    let attribute: String
    let isInteger: Bool
    /// Values that the conventions call otherwise.
    let values: [String: String]

    init(_ attribute: String, isInteger: Bool = false, values: [String: String] = [:]) {
      self.attribute = attribute
      self.isInteger = isInteger
      self.values = values
    }
  }

  let name: String
  let kind: Kind
  /// In the notation of UCUM.
  let unit: String
  /// One sentence for people.
  let help: String
  /// Labels that are not here keep their name.
  let labels: [String: Label]
  let sources: [Source]

  init(
    _ name: String, _ kind: Kind, _ unit: String, _ help: String, labels: [String: Label] = [:],
    _ sources: [Source]
  ) {
    self.name = name
    self.kind = kind
    self.unit = unit
    self.help = help
    self.labels = labels
    self.sources = sources
  }
}
