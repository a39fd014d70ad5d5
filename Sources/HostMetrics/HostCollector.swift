package import LinuxHost
package import MetricModel

/// Collects the host's metrics under the names that dashboards for Prometheus' node exporter know.
package struct HostCollector {
  private let files: HostFiles
  private let collectors: [any Collector]

  /// - Parameters:
  ///   - roots: where `/proc` and `/sys` are.
  ///   - root: where the host's own files are, `/etc/os-release` for instance.
  package init(roots: HostRoots, root: String = "") {
    files = HostFiles(proc: roots.proc, sys: roots.sys, root: root)
    collectors = [
      ArpCollector(), ConntrackCollector(), ProcessorCollector(), DiskCollector(),
      EntropyCollector(), OpenFilesCollector(), FileSystemCollector(), LoadCollector(),
      MemoryCollector(), NetworkClassCollector(), NetworkDeviceCollector(),
      NetworkStatisticsCollector(), OperatingSystemCollector(), PressureCollector(),
      SelinuxCollector(), SocketCollector(), SoftnetCollector(), KernelCollector(),
      TimeCollector(), ClockDisciplineCollector(), DatagramQueueCollector(), KernelNameCollector(),
      VirtualMemoryCollector(), BlockCacheCollector(), BondingCollector(),
      CopyOnWriteFileSystemCollector(), ProcessorFrequencyCollector(), FirmwareCollector(),
      MemoryErrorCollector(), FibreChannelCollector(), SensorCollector(), InfiniBandCollector(),
      VirtualServerCollector(), SoftwareRaidCollector(), NetworkFileSystemCollector(),
      NetworkFileServerCollector(), SolidStateDriveCollector(), PowerSupplyCollector(),
      EnergyCollector(), SchedulerCollector(), TapeCollector(), ThermalCollector(),
      JournalingFileSystemCollector(), PooledFileSystemCollector(),
    ]
  }

  /// All metrics as they are now.
  package func collect() -> MetricBatch {
    var batch = MetricBatch()
    for collector in collectors {
      let start = Clock.monotonic()
      let succeeded = collector.collect(from: files, into: &batch)
      let seconds = Double(Clock.monotonic() &- start) / 1_000_000_000
      let name = type(of: collector).name
      batch.add(
        "node_scrape_collector_duration_seconds", .gauge, "How long a collector took.", seconds,
        ["collector": name])
      batch.add(
        "node_scrape_collector_success", .gauge, "Whether a collector had something to tell.",
        succeeded ? 1 : 0, ["collector": name])
    }
    return batch
  }
}
