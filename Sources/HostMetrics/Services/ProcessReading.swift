import LinuxHost

/// What `/proc/PID/stat` says of a process.
///
/// - Source: proc_pid_stat(5). The name is in brackets and may hold anything, brackets too; nothing
///   behind it does. Times are in clock ticks of 1/100 s.
struct ProcessReading: Hashable {
  let pid: UInt32
  /// At most 15 bytes of it are the process' own word for itself.
  let name: String
  let parent: UInt32
  let isKernelThread: Bool
  let minorFaults: UInt64
  let majorFaults: UInt64
  let userTicks: UInt64
  let systemTicks: UInt64
  let threads: UInt64
  /// Ticks from boot until it began: with the number, this names a process for good.
  let startTicks: UInt64
  let residentPages: UInt64

  init?(pid: UInt32, of host: HostFiles) {
    guard let bytes = SystemFile.read("\(host.proc)/\(pid)/stat", limit: 4_096) else { return nil }
    self.init(pid: pid, parsing: bytes)
  }

  init?(pid: UInt32, parsing bytes: [UInt8]) {
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 22)
    guard fields.count > 21 else { return nil }
    func number(_ place: Int) -> UInt64? { UInt64(decimal: fields[place]) }
    guard let parent = number(1), let flags = number(6), let minor = number(7),
      let major = number(9), let user = number(11), let system = number(12),
      let threads = number(17), let start = number(19), let resident = number(21)
    else { return nil }
    self.pid = pid
    name = String(decoding: bytes[(open + 1)..<close].prefix(64), as: UTF8.self)
    self.parent = UInt32(truncatingIfNeeded: parent)
    isKernelThread = flags & Self.kernelThreadFlag != 0
    (minorFaults, majorFaults) = (minor, major)
    (userTicks, systemTicks) = (user, system)
    (self.threads, startTicks, residentPages) = (threads, start, resident)
  }

  /// `PF_KTHREAD` of the kernel's include/linux/sched.h.
  private static let kernelThreadFlag: UInt64 = 0x0020_0000
}

extension UInt64 {
  /// Digits and nothing else; nil if there are none, or more than the number can hold.
  init?(decimal digits: ArraySlice<UInt8>) {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (scaled, isTooMuch) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOver) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      if isTooMuch || isOver { return nil }
      value = sum
    }
    self = value
  }
}
