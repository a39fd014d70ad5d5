/// The queue on disk in which batches wait for their destination.
package struct SpoolConfiguration: Hashable, Sendable {
  package var directory = "/var/lib/wick/spool"
  /// Bytes on disk; the oldest batches are dropped and counted.
  package var quota = 256 << 20
  /// Bytes in memory while the disk cannot be written.
  package var memory = 16 << 20

  package init() {}

  static let keys: [Key<Self>] = [
    .value(
      "directory", \.directory, .path(), after: .restart,
      "A directory that nothing else uses. It is made if it is missing."),
    .value(
      "quota", \.quota, .bytes(1 << 20...1 << 40), after: .restart,
      "How much waits on disk during an outage. Above it the oldest is dropped, and counted."),
    .value(
      "memory", \.memory, .bytes(64 << 10...16 << 20), after: .restart,
      "How much waits in memory while the disk is full, read-only or broken. Above it the oldest is "
        + "dropped, and counted."),
  ]
}
