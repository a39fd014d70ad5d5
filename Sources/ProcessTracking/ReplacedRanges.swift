/// Addresses that mean something else than in the mapping blocks that were published before.
///
/// The kernel may have walked with such a block. What it found at these addresses is then not to
/// be believed.
struct ReplacedRanges {
  private struct Entry {
    var range: Range<UInt64>
    /// The newest block that shows what was there before.
    var version: UInt64
  }

  /// In the order of their versions.
  private var recent: [Entry] = []
  /// In a block of this version or an older one, any address may be stale; 0 for no block.
  private var allUpTo: UInt64 = 0

  private static let limit = 64

  var isEmpty: Bool { recent.isEmpty && allUpTo == 0 }

  /// Remembers that something new is at `range`; a version of 0 means that no block exists.
  mutating func add(_ range: Range<UInt64>, publishedVersion: UInt64) {
    guard publishedVersion > allUpTo else { return }
    recent.removeAll {
      range.lowerBound <= $0.range.lowerBound && $0.range.upperBound <= range.upperBound
    }
    if recent.count >= Self.limit { allUpTo = max(allUpTo, recent.removeFirst().version) }
    recent.append(Entry(range: range, version: publishedVersion))
  }

  /// Remembers that nothing is as it was.
  mutating func addAll(publishedVersion: UInt64) {
    recent.removeAll { $0.version <= publishedVersion }
    allUpTo = max(allUpTo, publishedVersion)
  }

  func contains(_ address: UInt64, version: UInt64) -> Bool {
    (allUpTo > 0 && version <= allUpTo)
      || recent.contains { version <= $0.version && $0.range.contains(address) }
  }
}
