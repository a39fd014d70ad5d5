/// What waits on disk and in memory to be sent, all destinations together.
package struct QueueFigures: Sendable {
  package var bytes: UInt64 = 0
  /// Of all files of the queue.
  package var diskBytes: UInt64 = 0
  package var batches: UInt64 = 0
  /// Of the bytes, those that are in memory, for the disk does not take them.
  package var memoryBytes: UInt64 = 0
  package var limitBytes: UInt64?
  /// Age of the oldest batch in seconds; nil if there is none.
  package var oldestSeconds: Double?
  /// Batches that were made to be sent.
  package var produced: UInt64 = 0
  /// Records that could not be read and were put aside.
  package var quarantined: UInt64 = 0

  package init() {}
}
