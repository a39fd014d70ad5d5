/// Encoded bytes on their way to a destination; what they mean, only the two ends know.
package struct Batch: Hashable, Sendable {
  package var id: BatchID
  package var topic: Topic
  /// Nanoseconds since 1970-01-01 UTC.
  package var createdUnixNanoseconds: UInt64
  /// Profiles or data points inside, for whoever counts what was lost.
  package var items: UInt32
  /// What the destination must know besides the body, a query for instance.
  package var head: [UInt8]
  package var body: [UInt8]
  /// The body is in gzip form.
  package var isCompressed: Bool

  package init(
    id: BatchID = .random(), topic: Topic, createdUnixNanoseconds: UInt64, items: UInt32 = 1,
    head: [UInt8] = [], body: [UInt8], isCompressed: Bool = false
  ) {
    self.id = id
    self.topic = topic
    self.createdUnixNanoseconds = createdUnixNanoseconds
    self.items = items
    self.head = head
    self.body = body
    self.isCompressed = isCompressed
  }

  /// What is counted as the batch's bytes.
  package var byteCount: UInt64 { UInt64(head.count) + UInt64(body.count) }
}
