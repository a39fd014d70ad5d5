import MetricModel

extension MetricBatch {
  /// Adds the series of a group, those that there are figures for.
  mutating func add(
    _ figures: ControlGroupFigures, id: String, _ names: inout BlockDeviceNames
  ) {
    addProcessor(figures, ["id": id])
    addMemory(figures, id)
    addDevices(figures, id, &names)
    add(
      "container_threads", .gauge, "Threads of a group.", figures.threads, ["id": id])
    if figures.threads != nil {
      add(
        "container_threads_max", .gauge, "Threads that a group may have; 0 is no limit.",
        figures.threadLimit ?? 0, ["id": id])
    }
    for (resource, pressure) in figures.pressure.sorted(by: { $0.key < $1.key }) {
      add(
        "container_pressure_\(resource)_waiting_seconds_total", .counter,
        "Seconds in which some task of a group waited for \(resource).", pressure.some,
        ["id": id])
      add(
        "container_pressure_\(resource)_stalled_seconds_total", .counter,
        "Seconds in which all tasks of a group waited for \(resource).", pressure.full,
        ["id": id])
    }
  }

  private mutating func addProcessor(
    _ figures: ControlGroupFigures, _ labels: KeyValuePairs<String, String>
  ) {
    func add(_ name: String, _ help: String, _ value: Double?) {
      self.add("container_cpu_\(name)_total", .counter, help, value, labels)
    }
    add("usage_seconds", "CPU time of a group in seconds.", figures.cpuSeconds)
    add("user_seconds", "CPU time of a group's own code in seconds.", figures.userSeconds)
    add("system_seconds", "CPU time of a group in the kernel, in seconds.", figures.systemSeconds)
    add("cfs_periods", "Periods in which a group's limit was at work.", figures.periods)
    add(
      "cfs_throttled_periods", "Periods in which a group was held up.", figures.throttledPeriods)
    add("cfs_throttled_seconds", "Seconds that a group was held up.", figures.throttledSeconds)
    self.add(
      "container_spec_cpu_quota", .gauge, "CPU time that a group may have in a period, in µs.",
      figures.quota, labels)
    self.add(
      "container_spec_cpu_period", .gauge, "Length of a period in µs.", figures.quotaPeriod,
      labels)
    self.add(
      "container_spec_cpu_shares", .gauge, "Weight of a group among its neighbours.",
      figures.shares, labels)
  }

  private mutating func addMemory(_ figures: ControlGroupFigures, _ id: String) {
    guard let memory = figures.memory else { return }
    func add(_ name: String, _ help: String, _ value: Double?) {
      self.add("container_memory_\(name)", .gauge, help, value, ["id": id])
    }
    add("usage_bytes", "Memory of a group in bytes, caches included.", memory)
    add(
      "working_set_bytes", "Memory of a group without files that were not used lately.",
      figures.inactiveFile.map { max(0, memory - $0) })
    add("rss", "Anonymous memory of a group in bytes.", figures.anonymous)
    add("cache", "Cached files of a group in bytes.", figures.cached)
    add("mapped_file", "Mapped files of a group in bytes.", figures.mapped)
    add("swap", "Swapped memory of a group in bytes.", figures.swapped)
    add("max_usage_bytes", "The most memory that a group ever had.", figures.mostMemory)
    self.add(
      "container_spec_memory_limit_bytes", .gauge, "Memory that a group may have; 0 is no limit.",
      figures.memoryLimit ?? 0, ["id": id])
    self.add(
      "container_oom_events_total", .counter, "Processes of a group ended for want of memory.",
      figures.outOfMemoryKills, ["id": id])
    for (type, value) in [("pgfault", figures.minorFaults), ("pgmajfault", figures.majorFaults)] {
      self.add(
        "container_memory_failures_total", .counter, "Page faults of a group.", value,
        ["failure_type": type, "id": id, "scope": "hierarchy"])
    }
  }

  private mutating func addDevices(
    _ figures: ControlGroupFigures, _ id: String, _ names: inout BlockDeviceNames
  ) {
    for device in figures.devices {
      let labels: KeyValuePairs = ["device": names.path(of: device.number), "id": id]
      func add(_ name: String, _ help: String, _ value: Double?) {
        self.add("container_fs_\(name)_total", .counter, help, value, labels)
      }
      add("reads_bytes", "Bytes that a group read.", device.readBytes)
      add("writes_bytes", "Bytes that a group wrote.", device.writtenBytes)
      add("reads", "Reads of a group.", device.reads)
      add("writes", "Writes of a group.", device.writes)
    }
  }
}
