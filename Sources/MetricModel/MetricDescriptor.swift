/// What a metric measures.
package struct MetricDescriptor: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// Only grows, but for restarts of what counts.
    case counter
    case gauge
    case untyped
    /// How often values of each size were seen.
    case histogram
  }

  /// As Prometheus knows it, with the base unit at its end: `node_memory_MemFree_bytes`.
  package let name: String
  package let kind: Kind
  /// One sentence for people.
  package let help: String
  /// What the numbers are; the text for Prometheus has them in base units.
  package let unit: MetricUnit

  /// - Parameters:
  ///   - name: as Prometheus knows it.
  ///   - kind: what kind of numbers they are.
  ///   - help: one sentence for people.
  ///   - unit: what they are where the end of the name does not say it.
  package init(_ name: String, _ kind: Kind, _ help: String, unit: MetricUnit? = nil) {
    self.name = name
    self.kind = kind
    self.help = help
    self.unit = unit ?? MetricUnit(ofName: name)
  }

  /// Its own name and those of the series that Prometheus has of it.
  var seriesNames: [String] {
    guard kind == .histogram else { return [name] }
    return [name] + ["_bucket", "_sum", "_count"].map { name + $0 }
  }
}
