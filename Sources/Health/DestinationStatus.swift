/// One place to which data is sent, and how that goes.
package struct DestinationStatus: Hashable, Sendable {
  package enum State: String, Hashable, Sendable, CaseIterable {
    /// Nothing was sent yet.
    case idle
    /// The last batch was accepted.
    case ok
    /// The last batch was not accepted, and is tried again.
    case failing
  }

  package var name: String
  /// Such as `otlp`.
  package var kind: String
  /// Host and port alone: the rest of a URL may hold a secret.
  package let host: String
  package var state: State
  package var lastError: RecentError?
  /// Nanoseconds since 1970-01-01 UTC.
  package var lastSuccessUnixNanoseconds: UInt64?
  package var queuedBatches: UInt64 = 0
  package var queuedBytes: UInt64 = 0
  /// Batches that it will never get, since the start.
  package var droppedBatches: UInt64 = 0

  package init(name: String, kind: String, url: String, state: State) {
    self.name = name
    self.kind = kind
    host = URLHost.name(of: url)
    self.state = state
  }
}
