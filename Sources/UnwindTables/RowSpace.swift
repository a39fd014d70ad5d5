/// Rows of consecutive pages that lie together in a shard.
struct RowRun: Hashable {
  var pages: Range<Int>
  var shard: Int
  var rows: Extent
}

/// Which rows of which shard are taken.
///
/// The rows of a page must lie together; those of a file need not, so that holes can be filled.
struct RowSpace {
  private var shards: [ExtentAllocator] = []

  mutating func addShards(_ count: Int) {
    for _ in 0..<count { shards.append(ExtentAllocator(capacity: TableLayout.shardRows)) }
  }

  /// Shards that are missing for so many rows; at least one.
  func shardsMissing(for count: Int) -> Int {
    max(1, (count - free + TableLayout.shardRows - 1) / TableLayout.shardRows)
  }

  var shardCount: Int { shards.count }
  /// In rows.
  var free: Int { shards.reduce(0) { $0 + $1.free } }
  /// In rows.
  var used: Int { shards.count * TableLayout.shardRows - free }

  /// Takes room for all pages, or for none if that is not possible.
  ///
  /// `pageStarts` says where the rows of each page begin; it rises, and has one more than pages.
  mutating func place(_ pageStarts: [UInt32]) -> [RowRun]? {
    var runs: [RowRun] = []
    var page = 0
    while true {
      page = Self.lastPage(pageStarts, from: page, within: 0)
      guard page < pageStarts.count - 1 else { return runs }
      guard let run = takeRun(pageStarts, from: page) else {
        giveBack(runs)
        return nil
      }
      runs.append(run)
      page = run.pages.upperBound
    }
  }

  mutating func giveBack(_ runs: [RowRun]) {
    for run in runs { shards[run.shard].giveBack(run.rows) }
  }

  /// All that is left where it fits; else as much as the largest hole holds.
  private mutating func takeRun(_ pageStarts: [UInt32], from first: Int) -> RowRun? {
    let hole = shards.lazy.map(\.largestHole).max() ?? 0
    let last = Self.lastPage(pageStarts, from: first, within: hole)
    let count = Int(pageStarts[last] - pageStarts[first])
    for shard in shards.indices {
      guard let rows = shards[shard].take(count) else { continue }
      return RowRun(pages: first..<last, shard: shard, rows: rows)
    }
    return nil
  }

  /// The end of the longest run of pages from `first` that has at most `limit` rows.
  private static func lastPage(_ pageStarts: [UInt32], from first: Int, within limit: Int) -> Int {
    var low = first
    var high = pageStarts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(pageStarts[middle] - pageStarts[first]) <= limit {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return low
  }
}
