/// A destination as the queue sees it.
struct SpoolSubscriber {
  /// Where a batch is that waits for somebody.
  enum Position: Hashable {
    case disk(salt: UInt64, index: Int)
    case memory(serial: UInt64)
  }

  var topics: TopicSet
  var figures: SpoolFigures.Destination
  /// The batch that it was given last: the only one that it can acknowledge.
  var given: (id: BatchID, position: Position)?
  /// How often in a row the disk did not give back the bytes at a position.
  var failedReads: (position: Position, count: Int)?

  init(name: String, topics: TopicSet) {
    self.topics = topics
    figures = SpoolFigures.Destination(name: name)
  }

  var name: String { figures.name }

  mutating func arrive(_ count: BatchCount, isRecovered: Bool = false) {
    figures.produced += count
    figures.queued += count
    if isRecovered { figures.recovered += count }
  }

  mutating func send(_ count: BatchCount) {
    figures.sent += count
    figures.queued -= count
  }

  mutating func drop(_ count: BatchCount, _ reason: SpoolDropReason) {
    guard count.records > 0 else { return }
    figures.dropped[reason, default: BatchCount()] += count
    figures.queued -= count
  }
}
