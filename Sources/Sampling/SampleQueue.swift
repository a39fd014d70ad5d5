/// Samples of the small ring that wait until their turn: those of the large one may be older.
struct SampleQueue {
  private var samples: [StackSample] = []
  private var next = 0

  /// With more waiting, no more are taken from the ring, which then fills up and counts.
  private static let limit = 1 << 16

  var isFull: Bool { samples.count - next >= Self.limit }

  mutating func append(_ sample: StackSample) { samples.append(sample) }

  /// Takes the oldest sample, if it was taken at `time` or before.
  mutating func take(until time: UInt64) -> StackSample? {
    guard next < samples.count, samples[next].header.time <= time else {
      if next == samples.count { removeTaken() }
      return nil
    }
    defer { next += 1 }
    return samples[next]
  }

  private mutating func removeTaken() {
    samples.removeAll(keepingCapacity: true)
    next = 0
  }
}
