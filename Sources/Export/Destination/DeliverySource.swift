/// A queue as a delivery sees it.
package struct DeliverySource: Sendable {
  /// The oldest batch that waits, which stays in the queue; nil if there is none.
  package var next: @Sendable () async -> Batch?
  /// The server has the batch: it may go, if it is not gone already.
  package var acknowledge: @Sendable (BatchID) async -> Void
  /// The server will never take the batch.
  package var drop: @Sendable (BatchID, _ reason: String) async -> Void

  package init(
    next: @escaping @Sendable () async -> Batch?,
    acknowledge: @escaping @Sendable (BatchID) async -> Void,
    drop: @escaping @Sendable (BatchID, _ reason: String) async -> Void
  ) {
    self.next = next
    self.acknowledge = acknowledge
    self.drop = drop
  }
}
