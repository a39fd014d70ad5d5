/// What a process has used since it began, or a service since it was first seen.
struct ProcessCounters: Hashable {
  var userTicks: UInt64 = 0
  var systemTicks: UInt64 = 0
  var minorFaults: UInt64 = 0
  var majorFaults: UInt64 = 0
  /// Bytes that went to or came from devices; page caches take the rest.
  var readBytes: UInt64 = 0
  var writtenBytes: UInt64 = 0
  var voluntarySwitches: UInt64 = 0
  var involuntarySwitches: UInt64 = 0

  /// Adds what has come since `before`; nothing where a count has fallen.
  mutating func add(_ now: ProcessCounters, since before: ProcessCounters) {
    func grow(_ path: WritableKeyPath<ProcessCounters, UInt64>) {
      let (later, earlier) = (now[keyPath: path], before[keyPath: path])
      if later > earlier { self[keyPath: path] &+= later &- earlier }
    }
    grow(\.userTicks)
    grow(\.systemTicks)
    grow(\.minorFaults)
    grow(\.majorFaults)
    grow(\.readBytes)
    grow(\.writtenBytes)
    grow(\.voluntarySwitches)
    grow(\.involuntarySwitches)
  }
}
