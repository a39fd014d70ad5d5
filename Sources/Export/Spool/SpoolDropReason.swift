/// Why a batch never reached a destination.
package enum SpoolDropReason: String, Hashable, Sendable, CaseIterable {
  /// The oldest made room on disk.
  case quota
  /// The oldest made room in memory while the disk could not be written.
  case memoryFull = "memory-full"
  /// The batch is larger than any that is kept.
  case tooLarge = "too-large"
  /// Its bytes on disk are not those that were written, or cannot be read any more.
  case damaged
  /// The server will never take it.
  case refused
  /// The destination does not want batches of this topic any more.
  case unsubscribed
}
