/// Which run of which program a process number means, as the kernel tells with each raw sample.
package struct ProgramIdentity: Hashable, Sendable {
  /// `task_struct.start_boottime` of the first thread, in nanoseconds.
  package var startTime: UInt64
  /// `task_struct.self_exec_id`: how many programs the process has run.
  package var execCount: UInt64

  package init(startTime: UInt64, execCount: UInt64) {
    self.startTime = startTime
    self.execCount = execCount
  }
}
