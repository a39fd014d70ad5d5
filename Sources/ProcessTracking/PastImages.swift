/// Images that will be forgotten, in the order in which they became history.
struct PastImages {
  /// Without an image in front of `first`.
  private var entries: [(image: ProcessImage?, time: UInt64)] = []
  private var first = 0

  /// Samples are seldom older than a tenth of a second when they arrive.
  private static let keptNanoseconds: UInt64 = 5_000_000_000
  private static let limit = 4_096

  mutating func append(_ image: ProcessImage, at time: UInt64) { entries.append((image, time)) }

  /// The oldest image, if it is old enough, or if there are too many.
  mutating func popExpired(now: UInt64) -> ProcessImage? {
    guard first < entries.count else { return nil }
    let (image, time) = entries[first]
    let isOld = now > time && now - time > Self.keptNanoseconds
    guard isOld || entries.count - first > Self.limit else { return nil }
    entries[first].image = nil
    first += 1
    // The front is cut off now and then, so that an image costs no move of all others.
    if first >= Self.limit {
      entries.removeFirst(first)
      first = 0
    }
    return image
  }

  mutating func removeAll() -> [ProcessImage] {
    defer {
      entries.removeAll()
      first = 0
    }
    return entries[first...].compactMap(\.image)
  }
}
