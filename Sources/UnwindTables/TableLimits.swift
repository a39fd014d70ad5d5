/// How much memory tables may take, and when one may displace another.
struct TableLimits {
  /// Shards of a MiB.
  let shards: Int

  init(limitBytes: Int) {
    shards = min(max(1, limitBytes / TableLayout.shardBytes), TableLayout.shardCount)
  }

  /// Rows of one table: half of all, so that one crafted file can't have everything.
  var rowsPerTable: Int { max(TableLayout.shardRows, shards * TableLayout.shardRows / 2) }

  /// What a walk has met in the last ten seconds does not give way, in units of 2^30 ns.
  static let idleUnits: UInt32 = 10
  /// How long a file is remembered that nothing refers to, in nanoseconds.
  static let forgetAfter: UInt64 = 60_000_000_000
  /// How often to look for such files, in nanoseconds.
  static let forgetEvery: UInt64 = 1_000_000_000
  /// How often room is made for the same table before it is refused.
  static let attempts = 3

  /// Nanoseconds until a table may be tried again: 10 s, doubled by each setback up to 640 s.
  static func pause(afterSetbacks count: Int) -> UInt64 {
    10_000_000_000 << UInt64(min(max(0, count - 1), 6))
  }
}
