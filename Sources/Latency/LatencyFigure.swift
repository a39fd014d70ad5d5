package import MetricModel

/// What a histogram is of, taken apart, for who adds it to others.
package struct LatencyFigure: Hashable, Sendable {
  package enum Name: String, Hashable, Sendable {
    /// How long an operation took.
    case duration
    /// How long a request waited before its device had it.
    case queue
    case connect, accept
    /// How long connections lasted.
    case lifetime
    case roundTrip
  }

  package let name: Name
  /// What tells those of a name apart: the call, the device and operation, the server.
  package let labels: [MetricLabel]

  package init(_ name: Name, _ labels: KeyValuePairs<String, String> = [:]) {
    self.name = name
    self.labels = labels.map { MetricLabel($0.key, $0.value) }
  }
}
