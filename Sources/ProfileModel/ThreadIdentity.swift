/// Whose stack a sample is.
package struct ThreadIdentity: Hashable, Sendable {
  package var pid: UInt32
  package var tid: UInt32
  /// Name of the process: its leader's `comm`.
  package var process: StringTable.ID
  /// Name of the thread: its own `comm`.
  package var thread: StringTable.ID

  package init(pid: UInt32, tid: UInt32, process: StringTable.ID, thread: StringTable.ID) {
    self.pid = pid
    self.tid = tid
    self.process = process
    self.thread = thread
  }
}
