/// The collectors of the host's metrics under the names that dashboards for Prometheus' node exporter
/// know.
enum HostCollectors {
  static let all: [any Collector] = [
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
