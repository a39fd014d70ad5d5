// What the processes of a service use. The conventions speak of one process; the resource says that
// it is a service here.
extension MetricConventions {
  static let services = [
    MetricConvention(
      "process.cpu.time", .counter, "s", "CPU time by mode.", labels: ["mode": .init("cpu.mode")],
      [.init("wick_service_cpu_seconds_total")]),
    MetricConvention(
      "process.memory.usage", .upDownCounter, "By", "Physical memory in use.",
      [.init("wick_service_memory_resident_bytes")]),
    MetricConvention(
      "process.disk.io", .counter, "By", "Bytes read from disks and written to them.",
      labels: ["direction": .init("disk.io.direction")], [.init("wick_service_io_bytes_total")]),
    MetricConvention(
      "process.thread.count", .upDownCounter, "{thread}", "Threads.",
      [.init("wick_service_threads")]),
    MetricConvention(
      "process.unix.file_descriptor.count", .upDownCounter, "{file_descriptor}",
      "Open descriptors.", [.init("wick_service_open_files")]),
    MetricConvention(
      "process.context_switches", .counter, "{context_switch}", "Context switches by type.",
      labels: ["type": .init("process.context_switch.type")],
      [.init("wick_service_context_switches_total")]),
    MetricConvention(
      "process.paging.faults", .counter, "{fault}", "Page faults by type.",
      labels: ["type": .init("system.paging.fault.type")],
      [.init("wick_service_page_faults_total")]),
  ]
}
