/// What waits for whom: the order, the cursors and the counts of a spool, without its files.
///
/// Batches arrive in memory, move to segments in the order of their arrival, and leave when all
/// destinations that want them are done with them. A destination is done with the oldest first, so
/// that one number a segment tells everything.
struct SpoolQueue {
  /// A batch that is not on disk.
  struct Waiting {
    /// Counts all batches of this process.
    let serial: UInt64
    let batch: Batch
    /// A bit for each destination that is not done with it.
    var pending: UInt64
    /// Whoever waits for it to become durable.
    var ticket: SpoolTicket?
    /// Of memory, with some for the batch itself.
    var cost: UInt64 {
      UInt64(batch.head.capacity) + UInt64(batch.body.capacity) + Self.overhead
    }
    private static let overhead: UInt64 = 256
  }

  /// A file that takes room, and whose batches nobody can be given.
  struct File {
    let number: UInt64
    /// Nil if it could not be read.
    let salt: UInt64?
    let bytes: UInt64

    var name: String { Segment.name(number) }
  }

  /// There is a bit for each in a word.
  static let destinationLimit = 64

  let limits: SpoolLimits
  var subscribers: [SpoolSubscriber]
  /// The oldest first; the last may be open.
  var segments: [Segment] = []
  /// The oldest first; all are younger than those in segments.
  var memory: [Waiting] = []
  var memoryBytes: UInt64 = 0
  /// So many of memory, from the oldest, are being written just now, and stay.
  var beingWritten = 0
  /// Holds nothing any more, and is to be removed.
  var leaving: [File] = []
  /// Could not be read; another start may be luckier.
  var unreadable: [File] = []
  private var nextSerial: UInt64 = 1
  var nextNumber: UInt64 = 1
  var predecessor = SegmentHeader.Predecessor(salt: 0, records: 0)
  /// Entries of the cursors' file for segments that could not be read.
  var strangers = CursorFile()
  /// What the cursors' file should hold has changed.
  var cursorsChanged = false
  var damagedRecords: UInt64 = 0
  var quarantinedBytes: UInt64 = 0
  var cursorFileBytes: UInt64 = 0

  init(limits: SpoolLimits, destinations: [(name: String, topics: TopicSet)]) {
    self.limits = limits
    subscribers = []
    for destination in destinations where subscribers.count < Self.destinationLimit {
      guard index(of: destination.name) == nil else { continue }
      subscribers.append(SpoolSubscriber(name: destination.name, topics: destination.topics))
    }
  }

  func index(of destination: String) -> Int? {
    subscribers.firstIndex { $0.name == destination }
  }

  /// In whole blocks, as most file systems give them out.
  static func blocks(_ bytes: UInt64) -> UInt64 { (bytes &+ 4_095) & ~4_095 }

  var diskBytes: UInt64 {
    keptBytes + leaving.reduce(0) { $0 + Self.blocks($1.bytes) }
  }

  /// Without those files that are about to be removed.
  var keptBytes: UInt64 {
    segments.reduce(0) { $0 + Self.blocks($1.bytes) }
      + unreadable.reduce(0) { $0 + Self.blocks($1.bytes) }
      + quarantinedBytes + 2 * Self.blocks(cursorFileBytes)
  }

  var figures: SpoolFigures {
    var figures = SpoolFigures()
    figures.destinations = subscribers.map(\.figures)
    figures.diskBytes = diskBytes
    figures.segments = segments.count
    figures.memoryBytes = memoryBytes
    figures.oldestUnixSeconds = oldestUnixSeconds
    figures.damagedRecords = damagedRecords
    figures.quarantinedBytes = quarantinedBytes
    return figures
  }
}

extension SpoolQueue {
  private var oldestUnixSeconds: UInt64? {
    let onDisk = subscribers.enumerated().compactMap { index, subscriber in
      segments.lazy.compactMap { $0.oldest(for: index, wanting: subscriber.topics) }.first
    }
    let waiting = memory.first { $0.pending != 0 }?.batch.createdUnixNanoseconds
    let times =
      onDisk.map { UInt64($0.createdUnixSeconds) } + (waiting.map { [$0 / 1_000_000_000] } ?? [])
    return times.min()
  }
}

// MARK: Arrival

extension SpoolQueue {
  enum Admission {
    case waiting(SpoolTicket)
    case dropped(SpoolDropReason)
    case unwanted
  }

  mutating func append(_ batch: Batch) -> Admission {
    let pending = wanting(batch.topic)
    guard pending != 0 else { return .unwanted }
    forEach(in: pending) { $0.arrive(BatchCount(batch)) }
    let ticket = SpoolTicket()
    let waiting = Waiting(serial: nextSerial, batch: batch, pending: pending, ticket: ticket)
    nextSerial += 1
    guard batch.byteCount <= limits.batch else { return refuse(waiting, .tooLarge) }
    while memoryBytes + waiting.cost > limits.memory, memory.count > beingWritten {
      let oldest = memory.remove(at: beingWritten)
      memoryBytes -= oldest.cost
      _ = refuse(oldest, .memoryFull)
    }
    guard memoryBytes + waiting.cost <= limits.memory else { return refuse(waiting, .memoryFull) }
    memory.append(waiting)
    memoryBytes += waiting.cost
    return .waiting(ticket)
  }

  private mutating func refuse(_ waiting: Waiting, _ reason: SpoolDropReason) -> Admission {
    forEach(in: waiting.pending) { $0.drop(BatchCount(waiting.batch), reason) }
    waiting.ticket?.resolve(.dropped(reason))
    return .dropped(reason)
  }

  /// A bit for each destination.
  func wanting(_ topic: Topic) -> UInt64 {
    var bits: UInt64 = 0
    for (index, subscriber) in subscribers.enumerated() where subscriber.topics.contains(topic) {
      bits |= 1 << UInt64(index)
    }
    return bits
  }

  mutating func forEach(in bits: UInt64, _ body: (inout SpoolSubscriber) -> Void) {
    for index in subscribers.indices where bits >> UInt64(index) & 1 == 1 {
      body(&subscribers[index])
    }
  }
}
