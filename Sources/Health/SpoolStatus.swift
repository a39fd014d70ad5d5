/// The queue on disk.
package struct SpoolStatus: Hashable, Sendable {
  package var bytes: UInt64
  package var quotaBytes: UInt64
  /// Batches that wait.
  package var batches: UInt64
  /// Why batches are kept in memory only, if they are.
  package var problem: String?

  package init(bytes: UInt64, quotaBytes: UInt64, batches: UInt64, problem: String? = nil) {
    self.bytes = bytes
    self.quotaBytes = quotaBytes
    self.batches = batches
    self.problem = problem
  }
}
