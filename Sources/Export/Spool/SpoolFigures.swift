/// What a spool holds, and what became of all that it was given since the process began.
package struct SpoolFigures: Hashable, Sendable {
  /// For each destination, `produced` is the sum of `sent`, all of `dropped`, and `queued`: exactly.
  package struct Destination: Hashable, Sendable {
    package let name: String
    /// What was meant for it, `recovered` included.
    package internal(set) var produced = BatchCount()
    /// What was found on disk: left by an earlier process, or older than the destination.
    package internal(set) var recovered = BatchCount()
    package internal(set) var sent = BatchCount()
    package internal(set) var dropped: [SpoolDropReason: BatchCount] = [:]
    package internal(set) var queued = BatchCount()

    init(name: String) { self.name = name }

    package var droppedTotal: BatchCount { dropped.values.reduce(BatchCount(), +) }
  }

  /// In the order of the settings.
  package internal(set) var destinations: [Destination] = []
  /// Of all files, in whole blocks of 4 KiB.
  package internal(set) var diskBytes: UInt64 = 0
  package internal(set) var segments = 0
  /// Of what is not on disk.
  package internal(set) var memoryBytes: UInt64 = 0
  /// When the oldest batch was made that waits for anybody, in seconds since 1970-01-01 UTC; nil if
  /// none waits.
  package internal(set) var oldestUnixSeconds: UInt64?
  /// Batches that were found damaged, each counted once.
  package internal(set) var damagedRecords: UInt64 = 0
  /// Damaged bytes that are kept aside.
  package internal(set) var quarantinedBytes: UInt64 = 0
  /// Why batches are not durable at the moment, for whoever operates the host; nil if they are.
  package internal(set) var problem: String?
}
