/// Time of a thread that no sample tells of: it has not come to a sample yet.
struct UnseenTime {
  let pid: UInt32
  let tid: UInt32
  let processName: [UInt8]
  let threadName: [UInt8]
  /// It waits, and has not got a CPU since; else it ran.
  let isWaiting: Bool
  let nanoseconds: UInt64
  /// The wait had begun before the recording did.
  let isOlder: Bool

  /// The only frame there is.
  var mark: String { isWaiting ? "[still waiting]" : SampleHeader.ranMark }
}

extension SampleEvent {
  /// All of a thread's time is accounted for only by `wall`; elsewhere a wait that fills the whole
  /// recording tells nothing.
  func takes(_ time: UnseenTime) -> Bool {
    switch self {
    case .wall: true
    case .offCPU: time.isWaiting && !time.isOlder
    case .cpu, .runQueue, .systemCalls, .block, .faults, .allocations, .exemplars: false
    }
  }
}
