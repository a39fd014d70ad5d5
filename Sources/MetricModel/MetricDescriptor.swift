/// What a metric measures.
package struct MetricDescriptor: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// Only grows, but for restarts of what counts.
    case counter
    case gauge
    case untyped
  }

  /// As Prometheus knows it, with the unit at its end: `node_memory_MemFree_bytes`.
  package let name: String
  package let kind: Kind
  /// One sentence for people.
  package let help: String

  package init(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }
}
