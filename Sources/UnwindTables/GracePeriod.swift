/// Things that a walk may still be looking at, kept until it can't.
///
/// A walk in the kernel takes microseconds and can't be interrupted by other work on its CPU; the
/// period is long because a virtual CPU can be.
struct GracePeriod<Item> {
  private var waiting: [(since: UInt64, item: Item)] = []

  mutating func add(_ item: Item, at now: UInt64) { waiting.append((now, item)) }

  /// Hands out what nobody can be looking at any more.
  mutating func expired(at now: UInt64) -> [Item] {
    let count = waiting.firstIndex { now < $0.since + Grace.nanoseconds } ?? waiting.count
    guard count > 0 else { return [] }
    defer { waiting.removeFirst(count) }
    return waiting.prefix(count).map(\.item)
  }

  var items: some Sequence<Item> { waiting.lazy.map(\.item) }
}

/// How long what was withdrawn stays as it was.
enum Grace {
  static let nanoseconds: UInt64 = 2_000_000_000
}
