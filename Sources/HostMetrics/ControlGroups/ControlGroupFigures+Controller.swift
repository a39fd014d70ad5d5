import LinuxHost

// Version 1.
extension ControlGroupFigures {
  /// Adds what one directory of a version 1 hierarchy has.
  ///
  /// - Source: kernel, Documentation/admin-guide/cgroup-v1.
  mutating func add(_ controller: String, in folder: String, of host: HostFiles) {
    switch controller {
    case "cpuacct": addUse(folder, host)
    case "cpu": addLimits(folder, host)
    case "memory": addMemory(folder, host)
    case "blkio": addDevices(folder, host)
    case "pids":
      threads = host.number("\(folder)/pids.current")
      threadLimit = host.number("\(folder)/pids.max")
    default: break
    }
  }

  /// Nanoseconds in all; user and system time in 1/100 s.
  private mutating func addUse(_ folder: String, _ host: HostFiles) {
    cpuSeconds = host.number("\(folder)/cpuacct.usage").map { $0 / 1_000_000_000 }
    let ticks = host.table("\(folder)/cpuacct.stat")
    userSeconds = ticks["user"].map { $0 / 100 }
    systemSeconds = ticks["system"].map { $0 / 100 }
  }

  private mutating func addLimits(_ folder: String, _ host: HostFiles) {
    let counts = host.table("\(folder)/cpu.stat")
    periods = counts["nr_periods"]
    throttledPeriods = counts["nr_throttled"]
    throttledSeconds = counts["throttled_time"].map { $0 / 1_000_000_000 }
    // −1 is no limit.
    quota = host.number("\(folder)/cpu.cfs_quota_us").flatMap { $0 < 0 ? nil : $0 }
    quotaPeriod = host.number("\(folder)/cpu.cfs_period_us")
    shares = host.number("\(folder)/cpu.shares")
  }

  private mutating func addMemory(_ folder: String, _ host: HostFiles) {
    memory = host.number("\(folder)/memory.usage_in_bytes")
    mostMemory = host.number("\(folder)/memory.max_usage_in_bytes")
    // What no machine has is no limit: whole pages below 2⁶³.
    memoryLimit = host.number("\(folder)/memory.limit_in_bytes").flatMap { $0 > 0x1p62 ? nil : $0 }
    let counts = host.table("\(folder)/memory.stat")
    anonymous = counts["total_rss"]
    cached = counts["total_cache"]
    mapped = counts["total_mapped_file"]
    inactiveFile = counts["total_inactive_file"]
    swapped = counts["total_swap"]
    minorFaults = counts["total_pgfault"]
    majorFaults = counts["total_pgmajfault"]
    outOfMemoryKills = host.table("\(folder)/memory.oom_control")["oom_kill"]
  }

  private mutating func addDevices(_ folder: String, _ host: HostFiles) {
    var found: [Substring: Device] = [:]
    func add(_ file: String, _ reads: WritableKeyPath<Device, Double?>,
      _ writes: WritableKeyPath<Device, Double?>)
    {
      // `8:0 Read 4096`; the last line is the total of all.
      for line in host.lines("\(folder)/blkio.throttle.\(file)_recursive") ?? [] {
        let words = line.words
        guard words.count == 3, let value = Double(words[2]) else { continue }
        let path = words[1] == "Read" ? reads : words[1] == "Write" ? writes : nil
        guard let path else { continue }
        found[words[0], default: Device(number: String(words[0]))][keyPath: path] = value
      }
    }
    add("io_service_bytes", \.readBytes, \.writtenBytes)
    add("io_serviced", \.reads, \.writes)
    devices = found.values.sorted { $0.number < $1.number }
  }
}

extension HostFiles {
  /// A file of lines of a name and a number.
  func table(_ path: String) -> [Substring: Double] {
    var values: [Substring: Double] = [:]
    for line in lines(path) ?? [] {
      let words = line.words
      if words.count == 2, let value = Double(words[1]) { values[words[0]] = value }
    }
    return values
  }
}
