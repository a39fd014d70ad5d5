import LinuxHost

/// A process as the collector of services remembers it.
struct TrackedProcess {
  let startTicks: UInt64
  var name: String
  /// The number of its service.
  var service: Int
  /// The look in which it was last seen.
  var look: UInt64
  let firstLook: UInt64
  var counters = ProcessCounters()
  /// The counters that its services have been given already.
  var reported = ProcessCounters()
  /// Bytes of memory, shared parts divided by those who share them; nil until it was measured.
  var proportionalBytes: UInt64?
  /// The look in which that was measured, or tried.
  var measuredLook: UInt64 = 0
  /// Whether the parent is of another service.
  var isRoot = false
  /// Context switches of the first thread when they were last read, and of the others.
  private var leader = Switches()
  private var others: [UInt32: Switches] = [:]

  private struct Switches {
    var voluntary: UInt64 = 0
    var involuntary: UInt64 = 0
  }

  init(_ reading: ProcessReading, service: Int, look: UInt64) {
    startTicks = reading.startTicks
    name = reading.name
    self.service = service
    self.look = look
    firstLook = look
  }

  /// Counts the switches of its only thread.
  mutating func countSwitches(of pid: UInt32, _ host: HostFiles) {
    guard let now = Self.switches("\(host.proc)/\(pid)/status") else { return }
    count(now, since: leader)
    leader = now
    others = [:]
  }

  /// Counts the switches of all its threads; those of threads that have ended since then stay.
  mutating func countThreadSwitches(of pid: UInt32, _ host: HostFiles) {
    var seen: [UInt32: Switches] = [:]
    let folder = "\(host.proc)/\(pid)/task"
    for thread in SystemFile.names(in: folder).prefix(Self.threadLimit) {
      guard let number = UInt32(thread), let now = Self.switches("\(folder)/\(thread)/status")
      else { continue }
      if number == pid {
        count(now, since: leader)
        leader = now
      } else {
        count(now, since: others[number] ?? Switches())
        seen[number] = now
      }
    }
    others = seen
  }

  private mutating func count(_ now: Switches, since before: Switches) {
    // A number that was given to another thread begins anew.
    let isSame = now.voluntary >= before.voluntary && now.involuntary >= before.involuntary
    let base = isSame ? before : Switches()
    counters.voluntarySwitches &+= now.voluntary &- base.voluntary
    counters.involuntarySwitches &+= now.involuntary &- base.involuntary
  }

  private static func switches(_ path: String) -> Switches? {
    guard let values = ProcessFields.read(path, fields) else { return nil }
    return Switches(voluntary: values[0], involuntary: values[1])
  }

  private static let fields: [StaticString] = [
    "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:",
  ]
  private static let threadLimit = 4_096
}
