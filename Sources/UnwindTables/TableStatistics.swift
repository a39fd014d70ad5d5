/// What the unwind tables hold and what happened to them.
package struct TableStatistics: Hashable, Sendable {
  /// Files that have a number.
  package var files = 0
  /// Files whose table the walker can use.
  package var tables = 0
  /// Rows of those, and of tables that were just withdrawn.
  package var rows = 0
  /// Distinct rules.
  package var rules = 0
  /// Bytes that shards hold: what the limit is about.
  package var shardBytes = 0
  /// Bytes of all maps in the kernel, the shards among them; 0 without a kernel.
  package var kernelBytes = 0
  /// Tables that wait for a builder.
  package var queueLength = 0

  /// Tables installed since the start.
  package var installed = 0
  /// Times that a table made room for another.
  package var evictions = 0
  /// Times that a table found no room.
  package var refusals = 0
  /// Files that got no number.
  package var filesWithoutNumber = 0
  /// Files without unwind information, or with such that makes no sense.
  package var filesWithoutTable = 0
  /// Rules that found no number; where they hold, a walk ends with `complex`.
  package var rulesWithoutNumber = 0
  /// Seconds that the builders spent on tables.
  package var buildSeconds = 0.0
}
