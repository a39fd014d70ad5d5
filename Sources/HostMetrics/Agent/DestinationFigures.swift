/// How one destination takes what it is sent.
package struct DestinationFigures: Sendable {
  package var name: String
  /// Whether the last attempt succeeded; nil before the first.
  package var isUp: Bool?
  package var sentBatches: UInt64 = 0
  package var sentBytes: UInt64 = 0
  /// Attempts that failed.
  package var failures: UInt64 = 0
  /// Batches that it will never get, by reason.
  package var dropped: [String: UInt64] = [:]
  /// What waits for it.
  package var queuedBatches: UInt64 = 0
  package var queuedBytes: UInt64 = 0
  /// When it last took a batch; 0 if never.
  package var lastSuccessUnixNanoseconds: UInt64 = 0

  package init(name: String) { self.name = name }
}
