import LinuxHost

// Version 2.
extension ControlGroupFigures {
  /// Adds what one directory of the version 2 hierarchy has, where another has not said it already.
  ///
  /// - Source: kernel, Documentation/admin-guide/cgroup-v2.rst.
  mutating func add(unified folder: String, of host: HostFiles) {
    addProcessor(unified: folder, host)
    addMemory(unified: folder, host)
    if devices.isEmpty {
      devices = (host.lines("\(folder)/io.stat") ?? []).compactMap(Device.init(unified:))
    }
    if threads == nil { threads = host.number("\(folder)/pids.current") }
    if threadLimit == nil { threadLimit = host.number("\(folder)/pids.max") }
    for resource in ["cpu", "memory", "io"] {
      if let lines = host.lines("\(folder)/\(resource).pressure") {
        pressure[resource] = Pressure(lines)
      }
    }
  }

  private mutating func addProcessor(unified folder: String, _ host: HostFiles) {
    guard cpuSeconds == nil else { return }
    let counts = host.table("\(folder)/cpu.stat")
    cpuSeconds = counts["usage_usec"].map { $0 / 1_000_000 }
    userSeconds = counts["user_usec"].map { $0 / 1_000_000 }
    systemSeconds = counts["system_usec"].map { $0 / 1_000_000 }
    periods = counts["nr_periods"]
    throttledPeriods = counts["nr_throttled"]
    throttledSeconds = counts["throttled_usec"].map { $0 / 1_000_000 }
    // `max 100000`
    if let words = host.line("\(folder)/cpu.max")?.words, words.count > 1 {
      quota = Double(words[0])
      quotaPeriod = Double(words[1])
    }
    // Shares of version 1 are 2 to 262,144, weights 1 to 10,000, spread evenly.
    shares = host.number("\(folder)/cpu.weight").map { 2 + ($0 - 1) * 262_142 / 9_999 }
  }

  private mutating func addMemory(unified folder: String, _ host: HostFiles) {
    guard memory == nil, let current = host.number("\(folder)/memory.current") else { return }
    memory = current
    mostMemory = host.number("\(folder)/memory.peak")
    memoryLimit = host.number("\(folder)/memory.max")
    swapped = host.number("\(folder)/memory.swap.current")
    let counts = host.table("\(folder)/memory.stat")
    anonymous = counts["anon"]
    cached = counts["file"]
    mapped = counts["file_mapped"]
    inactiveFile = counts["inactive_file"]
    minorFaults = counts["pgfault"]
    majorFaults = counts["pgmajfault"]
    outOfMemoryKills = host.table("\(folder)/memory.events")["oom_kill"]
  }
}

extension ControlGroupFigures.Pressure {
  /// - Source: kernel, Documentation/accounting/psi.rst; totals in microseconds.
  init?(_ lines: [Substring]) {
    for line in lines {
      guard let total = line.words.last(where: { $0.hasPrefix("total=") }) else { continue }
      let seconds = Double(total.dropFirst("total=".count)).map { $0 / 1_000_000 }
      if line.hasPrefix("some") { some = seconds } else if line.hasPrefix("full") { full = seconds }
    }
    if some == nil, full == nil { return nil }
  }
}

extension ControlGroupFigures.Device {
  /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`
  init?(unified line: Substring) {
    let words = line.words
    guard words.count > 1, words[0].contains(":") else { return nil }
    number = String(words[0])
    for word in words.dropFirst() {
      let pair = word.split(separator: "=")
      guard pair.count == 2, let value = Double(pair[1]) else { continue }
      switch pair[0] {
      case "rbytes": readBytes = value
      case "wbytes": writtenBytes = value
      case "rios": reads = value
      case "wios": writes = value
      default: break
      }
    }
  }
}
