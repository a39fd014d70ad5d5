/// How a destination fares, for metrics, health and people.
package struct DestinationFigures: Hashable, Sendable {
  package enum State: String, Hashable, Sendable {
    /// Nothing was sent yet.
    case idle
    /// The last request was answered well.
    case ok
    /// The server answers, but wants nothing of what was sent last.
    case refusing
    /// The last request failed; what is queued waits.
    case failing
    /// Nothing more will be sent.
    case stopped
  }

  package var state = State.idle
  /// Why the last request that failed did: one safe line with the remedy.
  package var lastError: String?
  /// Nanoseconds since 1970-01-01 UTC, as are the next two.
  package var lastErrorUnixNanoseconds: UInt64?
  package var lastSuccessUnixNanoseconds: UInt64?
  package var nextAttemptUnixNanoseconds: UInt64?
  package var consecutiveFailures = 0
  /// Requests that were begun, and those of them that were not the first after a success.
  package var requests: UInt64 = 0
  package var retries: UInt64 = 0
  package var failures: UInt64 = 0
  /// What the server has accepted; bytes are those of the batch.
  package var acceptedBatches: UInt64 = 0
  package var acceptedItems: UInt64 = 0
  package var acceptedBytes: UInt64 = 0
  /// Items that the server rejected out of batches that it accepted.
  package var rejectedItems: UInt64 = 0
  package var lastRejection: String?
  /// What the server refused for good.
  package var droppedBatches: UInt64 = 0
  package var droppedItems: UInt64 = 0
  package var lastDrop: String?
  package var lastDropUnixNanoseconds: UInt64?

  package init() {}
}
