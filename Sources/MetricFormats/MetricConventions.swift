/// Which of our metrics the semantic conventions know, under which name.
///
/// Whatever is not here keeps its Prometheus name in OTLP.
///
/// - Source: OpenTelemetry, semantic conventions 1.43, system and process metrics.
enum MetricConventions {
  static let table: [MetricConvention] =
    processors + memory + paging + disks + fileSystems + network + processes

  private static let mode = MetricConvention.Label("cpu.mode", values: ["irq": "interrupt"])
  private static let processor = MetricConvention.Label("cpu.logical_number", isInteger: true)
  private static let device = MetricConvention.Label("system.device")
  private static let interface = MetricConvention.Label("network.interface.name")

  private static let processors = [
    MetricConvention(
      "system.cpu.time", .counter, "s", "Seconds that processors spent in each mode.",
      labels: ["cpu": processor, "mode": mode], [.init("node_cpu_seconds_total")]),
    MetricConvention(
      "system.cpu.frequency", .gauge, "Hz", "Frequency that processors run at.",
      labels: ["cpu": processor], [.init("node_cpu_scaling_frequency_hertz")]),
    MetricConvention(
      "system.uptime", .gauge, "s", "Seconds since the host has booted.",
      [.init("node_time_seconds", minus: ["node_boot_time_seconds"])]),
  ]

  private static let memory = [
    MetricConvention(
      "system.memory.usage", .upDownCounter, "By", "Memory by use.",
      [
        .init(
          "node_memory_MemTotal_bytes",
          minus: [
            "node_memory_MemFree_bytes", "node_memory_Buffers_bytes", "node_memory_Cached_bytes",
          ], ["system.memory.state": "used"]),
        .init("node_memory_MemFree_bytes", ["system.memory.state": "free"]),
        .init("node_memory_Buffers_bytes", ["system.memory.state": "buffers"]),
        .init("node_memory_Cached_bytes", ["system.memory.state": "cached"]),
      ]),
    MetricConvention(
      "system.memory.limit", .upDownCounter, "By", "Memory that there is.",
      [.init("node_memory_MemTotal_bytes")]),
    MetricConvention(
      "system.memory.linux.available", .upDownCounter, "By",
      "Memory that programs can get without swapping, as the kernel estimates it.",
      [.init("node_memory_MemAvailable_bytes")]),
    MetricConvention(
      "system.memory.linux.shared", .upDownCounter, "By", "Shared memory, tmpfs mostly.",
      [.init("node_memory_Shmem_bytes")]),
    MetricConvention(
      "system.memory.linux.slab.usage", .upDownCounter, "By", "The kernel's caches of objects.",
      [
        .init(
          "node_memory_SReclaimable_bytes", ["system.memory.linux.slab.state": "reclaimable"]),
        .init(
          "node_memory_SUnreclaim_bytes", ["system.memory.linux.slab.state": "unreclaimable"]),
      ]),
    MetricConvention(
      "system.memory.linux.hugepages.limit", .upDownCounter, "{page}", "Huge pages that there are.",
      [.init("node_memory_HugePages_Total")]),
    MetricConvention(
      "system.memory.linux.hugepages.usage", .upDownCounter, "{page}", "Huge pages by use.",
      [
        .init(
          "node_memory_HugePages_Total", minus: ["node_memory_HugePages_Free"],
          ["system.memory.linux.hugepages.state": "used"]),
        .init("node_memory_HugePages_Free", ["system.memory.linux.hugepages.state": "free"]),
      ]),
    MetricConvention(
      "system.memory.linux.hugepages.reserved", .upDownCounter, "{page}",
      "Huge pages that are promised and not used yet.", [.init("node_memory_HugePages_Rsvd")]),
    MetricConvention(
      "system.memory.linux.hugepages.surplus", .upDownCounter, "{page}",
      "Huge pages beyond those that are always there.", [.init("node_memory_HugePages_Surp")]),
    MetricConvention(
      "system.memory.linux.hugepages.page_size", .upDownCounter, "By", "Bytes of a huge page.",
      [.init("node_memory_Hugepagesize_bytes")]),
  ]

  private static let paging = [
    MetricConvention(
      "system.paging.usage", .upDownCounter, "By", "Swap space by use.",
      [
        .init(
          "node_memory_SwapTotal_bytes", minus: ["node_memory_SwapFree_bytes"],
          ["system.paging.state": "used"]),
        .init("node_memory_SwapFree_bytes", ["system.paging.state": "free"]),
      ]),
    MetricConvention(
      "system.paging.faults", .counter, "{fault}", "Page faults.",
      [
        .init("node_vmstat_pgmajfault", ["system.paging.fault.type": "major"]),
        .init(
          "node_vmstat_pgfault", minus: ["node_vmstat_pgmajfault"],
          ["system.paging.fault.type": "minor"]),
      ]),
    MetricConvention(
      "system.paging.operations", .counter, "{operation}", "Pages that were swapped.",
      [
        .init(
          "node_vmstat_pswpin",
          ["system.paging.direction": "in", "system.paging.fault.type": "major"]),
        .init(
          "node_vmstat_pswpout",
          ["system.paging.direction": "out", "system.paging.fault.type": "major"]),
      ]),
  ]

  private static let disks = [
    MetricConvention(
      "system.disk.io", .counter, "By", "Bytes that were read and written.",
      labels: ["device": device],
      reads("node_disk_read_bytes_total", writes: "node_disk_written_bytes_total")),
    MetricConvention(
      "system.disk.operations", .counter, "{operation}", "Reads and writes that were completed.",
      labels: ["device": device],
      reads("node_disk_reads_completed_total", writes: "node_disk_writes_completed_total")),
    MetricConvention(
      "system.disk.operation_time", .counter, "s", "Seconds that reads and writes took, in sum.",
      labels: ["device": device],
      reads("node_disk_read_time_seconds_total", writes: "node_disk_write_time_seconds_total")),
    MetricConvention(
      "system.disk.merged", .counter, "{operation}", "Reads and writes that were merged.",
      labels: ["device": device],
      reads("node_disk_reads_merged_total", writes: "node_disk_writes_merged_total")),
    MetricConvention(
      "system.disk.io_time", .counter, "s", "Seconds in which the device had something to do.",
      labels: ["device": device], [.init("node_disk_io_time_seconds_total")]),
  ]

  private static func reads(_ read: String, writes: String) -> [MetricConvention.Source] {
    [
      .init(read, ["disk.io.direction": "read"]), .init(writes, ["disk.io.direction": "write"]),
    ]
  }

  private static let mount = [
    "device": device, "mountpoint": MetricConvention.Label("system.filesystem.mountpoint"),
    "fstype": MetricConvention.Label("system.filesystem.type"),
  ]

  private static let fileSystems = [
    MetricConvention(
      "system.filesystem.usage", .upDownCounter, "By", "Room in file systems by use.",
      labels: mount,
      [
        .init(
          "node_filesystem_size_bytes", minus: ["node_filesystem_free_bytes"],
          ["system.filesystem.state": "used"]),
        .init("node_filesystem_avail_bytes", ["system.filesystem.state": "free"]),
        .init(
          "node_filesystem_free_bytes", minus: ["node_filesystem_avail_bytes"],
          ["system.filesystem.state": "reserved"]),
      ]),
    MetricConvention(
      "system.filesystem.limit", .upDownCounter, "By", "Size of file systems.", labels: mount,
      [.init("node_filesystem_size_bytes")]),
  ]

  private static let network = [
    MetricConvention(
      "system.network.io", .counter, "By", "Bytes that went through a device.",
      labels: ["device": interface], bothWays("bytes")),
    MetricConvention(
      "system.network.packet.count", .counter, "{packet}", "Packets that went through a device.",
      labels: ["device": device], bothWays("packets")),
    MetricConvention(
      "system.network.packet.dropped", .counter, "{packet}", "Packets that were dropped.",
      labels: ["device": interface], bothWays("drop")),
    MetricConvention(
      "system.network.errors", .counter, "{error}", "Errors of network devices.",
      labels: ["device": interface], bothWays("errs")),
  ]

  private static func bothWays(_ statistic: String) -> [MetricConvention.Source] {
    ["receive", "transmit"].map {
      .init("node_network_\($0)_\(statistic)_total", ["network.io.direction": $0])
    }
  }

  private static let processes = [
    MetricConvention(
      "system.process.created", .counter, "{process}", "Processes that were started.",
      [.init("node_forks_total")]),
    MetricConvention(
      "system.process.count", .upDownCounter, "{process}", "Processes by state.",
      [.init("node_procs_running", ["process.state": "running"])]),
  ]
}
