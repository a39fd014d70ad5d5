import MetricModel

extension MetricBatch {
  /// Adds the series of all services.
  ///
  /// - Parameters:
  ///   - table: the services.
  ///   - unread: processes that were not read.
  ///   - boot: when the host booted, in seconds since 1970.
  mutating func add(_ table: ServiceTable, unread: UInt64, boot: Double?) {
    for (number, service) in table.services.enumerated() {
      let isUsed = service.processes > 0 || service.total != ProcessCounters()
      guard number != ServiceTable.otherNumber || isUsed else { continue }
      addCounters(of: service)
      if service.processes > 0 { addGauges(of: service, boot: boot) }
    }
    add(
      "wick_service_refused_total", .counter,
      "How often a process was counted as other, for there are too many services.",
      Double(table.refused))
    add(
      "wick_service_unread_processes", .gauge, "Processes that were not read, for there are too many.",
      Double(unread))
  }

  private mutating func addCounters(of service: ServiceFigures) {
    let total = service.total
    func add(_ name: String, _ help: String, _ label: String, _ values: [(String, Double)]) {
      for (value, count) in values {
        self.add(
          "wick_service_\(name)_total", .counter, help, count,
          [label: value, "service": service.name])
      }
    }
    add(
      "cpu_seconds", "CPU time of a service's processes.", "mode",
      [
        ("system", Double(total.systemTicks) / Self.ticksPerSecond),
        ("user", Double(total.userTicks) / Self.ticksPerSecond),
      ])
    if service.hasInputOutput {
      add(
        "io_bytes", "Bytes that a service read from devices or wrote to them.", "direction",
        [("read", Double(total.readBytes)), ("write", Double(total.writtenBytes))])
    }
    add(
      "context_switches", "Context switches of a service's threads.", "type",
      [
        ("involuntary", Double(total.involuntarySwitches)),
        ("voluntary", Double(total.voluntarySwitches)),
      ])
    add(
      "page_faults", "Page faults of a service; major ones had to wait for a device.", "type",
      [("major", Double(total.majorFaults)), ("minor", Double(total.minorFaults))])
    self.add(
      "wick_service_restarts_total", .counter,
      "How often a process took the place of one that had ended; workers of others do not count.",
      Double(service.restarts), ["service": service.name])
  }

  private mutating func addGauges(of service: ServiceFigures, boot: Double?) {
    func add(_ name: String, _ help: String, _ value: Double?) {
      self.add("wick_service_\(name)", .gauge, help, value, ["service": service.name])
    }
    add("processes", "Processes of a service.", Double(service.processes))
    add("threads", "Threads of a service.", Double(service.threads))
    if service.name != ServiceCollector.kernel {
      add(
        "memory_resident_bytes", "Memory of a service; what processes share counts for each.",
        Double(service.residentBytes))
      // Not before all of them have been measured once.
      add(
        "memory_proportional_bytes", "Memory of a service; what processes share is divided.",
        service.unmeasured == 0 ? Double(service.proportionalBytes) : nil)
      add(
        "open_files", "Open descriptors of a service.",
        service.hasDescriptors ? Double(service.descriptors) : nil)
    }
    add(
      "start_time_seconds", "When the oldest process of a service began, since 1970.",
      boot.map { $0 + Double(service.oldestStartTicks) / Self.ticksPerSecond })
  }

  /// As user space always sees it on x86 and ARM.
  private static let ticksPerSecond = 100.0
}
