/// What blocks of mappings there are and what happened to them.
package struct BlockStatistics: Hashable, Sendable {
  /// Processes with a block.
  package var processes = 0
  /// Blocks in use; processes with equal mappings share one.
  package var blocks = 0
  /// Places of mappings that are taken, headers and blocks just given up among them.
  package var mappings = 0
  /// Times that a process found no room.
  package var refusals = 0
  /// Times that a process had more mappings than a block holds.
  package var truncated = 0
}
