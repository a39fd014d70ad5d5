import Foundation
import LinuxHost
import MetricFormats
import MetricModel
import Testing

@testable import HostMetrics

@Suite struct HostMetricsTests {
  /// A tree of files in place of the host's.
  private final class Tree {
    let path = NSTemporaryDirectory() + "wick-host-\(UUID().uuidString)"

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
      let url = URL(fileURLWithPath: "\(path)/\(name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }

    var files: HostFiles { HostFiles(proc: path, sys: "\(path)/sys", root: path) }
  }

  private static func values(_ batch: MetricBatch) -> [String: Double] {
    var values: [String: Double] = [:]
    for family in batch.families {
      for point in family.points {
        let labels = point.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        values[family.descriptor.name + "{\(labels)}"] = point.value
      }
    }
    return values
  }

  /// Files of a real host with the collectors that read them.
  private static let sources: [(file: String, collector: any Collector)] = [
    ("stat", ProcessorCollector()), ("stat", KernelCollector()), ("loadavg", LoadCollector()),
    ("meminfo", MemoryCollector()), ("vmstat", VirtualMemoryCollector()),
    ("diskstats", DiskCollector()), ("net/dev", NetworkDeviceCollector()),
    ("net/netstat", NetworkStatisticsCollector()), ("net/snmp", NetworkStatisticsCollector()),
    ("net/snmp6", NetworkStatisticsCollector()), ("net/sockstat", SocketCollector()),
    ("net/softnet_stat", SoftnetCollector()), ("net/arp", ArpCollector()),
    ("net/udp", DatagramQueueCollector()), ("pressure/io", PressureCollector()),
    ("sys/fs/file-nr", OpenFilesCollector()), ("1/mounts", FileSystemCollector()),
    ("net/stat/nf_conntrack", ConntrackCollector()),
  ]

  @Test(arguments: sources.indices) func aFileThatEndsAnywhereIsNoError(_ index: Int) throws {
    let source = Self.sources[index]
    let tree = Tree()
    let bytes = SystemFile.read("/proc/\(source.file)") ?? []
    try tree.write("1\n".utf8, to: "sys/net/netfilter/nf_conntrack_count")
    for length in 0...min(bytes.count, 600) {
      try tree.write(bytes.prefix(length), to: source.file)
      var batch = MetricBatch()
      _ = source.collector.collect(from: tree.files, into: &batch)
    }
  }

  @Test(arguments: sources.indices) func aFileOfAnythingIsNoError(_ index: Int) throws {
    let source = Self.sources[index]
    let tree = Tree()
    try tree.write("1\n".utf8, to: "sys/net/netfilter/nf_conntrack_count")
    let pieces = [
      "\n", " ", ":", "=", "total=", "cpu", "cpu99999999999999999999 1", "-1", "1e999", "\u{0}",
      "99999999999999999999", "0x", "ffffffffffffffffff", "\\777", "Tcp: a", "Tcp: 1", "é", "some",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let count = Int.random(in: 0...40, using: &random)
      let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      try tree.write(text.utf8, to: source.file)
      var batch = MetricBatch()
      _ = source.collector.collect(from: tree.files, into: &batch)
      _ = PrometheusText.encode(batch.families)
    }
  }

  @Test func figuresHaveTheirUnits() throws {
    let tree = Tree()
    try tree.write("cpu  1 2 3\ncpu1 100 250 3 4 5 6 7 8 9 10\n".utf8, to: "stat")
    try tree.write("MemFree:  2 kB\nActive(anon): 1 kB\nHugePages_Total: 3\n".utf8, to: "meminfo")
    try tree.write("some avg10=0.00 total=2500000\nfull total=1\n".utf8, to: "pressure/io")
    try tree.write(
      " 254 0 vda 1 2 3 4000 5 6 7 8000 9 10000 11000\n 254 1 vda1 1 2 3 4\n 7 0 loop0 1\n".utf8,
      to: "diskstats")
    var batch = MetricBatch()
    for collector in [
      ProcessorCollector(), MemoryCollector(), PressureCollector(), DiskCollector(),
    ] as [any Collector] {
      #expect(collector.collect(from: tree.files, into: &batch))
    }
    let values = Self.values(batch)
    #expect(values["node_cpu_seconds_total{cpu=1,mode=nice}"] == 2.5)
    #expect(values["node_cpu_guest_seconds_total{cpu=1,mode=user}"] == 0.09)
    #expect(values["node_memory_MemFree_bytes{}"] == 2_048)
    #expect(values["node_memory_Active_anon_bytes{}"] == 1_024)
    #expect(values["node_memory_HugePages_Total{}"] == 3)
    #expect(values["node_pressure_io_waiting_seconds_total{}"] == 2.5)
    #expect(values["node_disk_read_bytes_total{device=vda}"] == 1_536)
    #expect(values["node_disk_read_time_seconds_total{device=vda}"] == 4)
    #expect(values["node_disk_io_now{device=vda}"] == 9)
    #expect(!values.keys.contains { $0.contains("vda1") || $0.contains("loop0") })
  }

  @Test func whatIsNotThereIsSaidToBeMissing() {
    let tree = Tree()
    let collector = MetricRegistry(
      roots: HostRoots(proc: tree.path, sys: tree.path, files: tree.path))
    let values = Self.values(collector.collect())
    #expect(values["node_scrape_collector_success{collector=cpu}"] == 0)
    #expect(values["node_scrape_collector_success{collector=uname}"] == 1)
  }

  /// An alarm on collectors that fail must not go off on every host without such devices.
  @Test(arguments: [
    "bcache", "btrfs", "cpufreq", "edac", "selinux", "textfile", "thermal_zone", "xfs",
  ]) func toHaveNoDeviceOfAKindIsNoFailure(_ name: String) {
    let tree = Tree()
    let registry = MetricRegistry(
      roots: HostRoots(proc: tree.path, sys: tree.path, files: tree.path))
    let values = Self.values(registry.collect())
    #expect(values["node_scrape_collector_success{collector=\(name)}"] == 1)
  }

  @Test func theRealHostHasItsFigures() {
    let values = Self.values(MetricRegistry(roots: HostRoots()).collect())
    #expect(values["node_memory_MemTotal_bytes{}"] ?? 0 > 268_435_456)
    #expect(values["node_time_seconds{}"] ?? 0 > 1.7e9)
    #expect(values["node_cpu_seconds_total{cpu=0,mode=user}"] ?? 0 > 0)
    #expect(values.keys.contains { $0.hasPrefix("node_filesystem_size_bytes{") })
    #expect(values["node_scrape_collector_success{collector=meminfo}"] == 1)
  }
}
