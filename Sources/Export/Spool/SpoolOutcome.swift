/// What became of a batch that was given to a spool.
package enum SpoolOutcome: Hashable, Sendable {
  /// It survives the end of the process, and a loss of power.
  case durable
  /// It waits in memory, because the disk is slow or cannot be written; it may become durable later.
  case memory
  /// It is lost, and counted.
  case dropped(SpoolDropReason)
  /// No destination wants batches of its topic; it is not counted.
  case unwanted
}
