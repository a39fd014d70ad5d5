/// What a spool may take of the disk, of memory, and of its callers' time.
package struct SpoolLimits: Hashable, Sendable {
  /// Bytes of all files together.
  package var quota: UInt64 = 256 << 20
  /// Bytes of batches that are not on disk: on their way, or while the disk cannot be written.
  package var memory: UInt64 = 16 << 20
  /// Bytes of one batch.
  package var batch: UInt64 = 7 << 20
  /// Bytes after which a new segment is begun; the oldest segment is dropped as a whole.
  package var segment: UInt64 = 4 << 20
  /// Batches on disk: each takes 16 bytes of memory.
  package var records = 262_144
  /// Files of segments.
  package var segments = 4_096
  /// Damaged bytes that are kept for whoever wants to know, a part of the quota.
  package var quarantine: UInt64 = 8 << 20
  /// How long a caller waits at most until its batch is durable.
  package var patience = Duration.milliseconds(250)
  /// How long the disk is left alone after a failure; twice as long after each further one.
  package var firstPause = Duration.seconds(1)
  package var longestPause = Duration.seconds(30)
  /// What was acknowledged within this time is sent again after a crash.
  package var cursorInterval = Duration.seconds(1)

  package init() {}

  /// With a quota, and what follows from a small one.
  package init(quota: UInt64) {
    self.quota = quota
    segment = min(segment, max(4_096, quota / 16))
    batch = min(batch, quota / 4)
    quarantine = min(quarantine, quota / 16)
  }
}
