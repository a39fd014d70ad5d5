import Foundation
import LinuxHost
import MetricFormats
import MetricModel
import Testing

@testable import HostMetrics

/// Devices that this host does not have, in a tree made by hand to the kernel's formats.
@Suite struct DeviceTests {
  /// `Fixtures/devices.series` is what Prometheus' node exporter 1.5 says of the same tree; `Scripts/bench
  /// metrics` asks it again.
  @Test func everySeriesOfTheNodeExporterIsThereWithItsValue() throws {
    let tree = try FileTree(unpacking: "devices.tree")
    let text = PrometheusText.encode(MetricRegistry(roots: tree.roots).collect().families)
    let ours = Self.series(String(decoding: text, as: UTF8.self), at: "\(tree.path)/sys")
    let theirs = Self.series(try FileTree.fixture("devices.series"), at: "tree/sys")
    #expect(theirs.count > 800)
    for (name, value) in theirs {
      let own = try #require(ours[name], "missing: \(name)")
      #expect(abs(own - value) <= 1e-9 * abs(value), "\(name)")
    }
  }

  /// Names with sorted labels; labels that are paths lose where the tree is.
  private static func series(_ text: String, at folder: String) -> [String: Double] {
    var found: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let blank = line.lastIndex(of: " ") else { continue }
      let parts = line[..<blank].split(separator: "{", maxSplits: 1)
      var name = String(parts[0])
      if parts.count == 2 {
        let labels = parts[1].dropLast().components(separatedBy: "\",").map {
          $0.hasSuffix("\"") ? String($0.dropLast()) : $0
        }
        name += "{" + labels.sorted().joined(separator: ",") + "}"
      }
      found[name.replacingOccurrences(of: folder, with: "")] = Double(
        line[line.index(after: blank)...])
    }
    return found
  }

  /// Files with more than one number, and the collectors that take them apart.
  private static let sources: [(file: String, collector: any Collector)] = [
    ("proc/mdstat", SoftwareRaidCollector()), ("proc/net/ip_vs", VirtualServerCollector()),
    ("proc/net/ip_vs_stats", VirtualServerCollector()),
    ("proc/net/rpc/nfs", NetworkFileSystemCollector()),
    ("proc/net/rpc/nfsd", NetworkFileServerCollector()),
    ("proc/schedstat", SchedulerCollector()),
    ("sys/fs/xfs/sda1/stats/stats", JournalingFileSystemCollector()),
    ("proc/spl/kstat/zfs/arcstats", PooledFileSystemCollector()),
    ("proc/spl/kstat/zfs/pool1/io", PooledFileSystemCollector()),
    ("proc/spl/kstat/zfs/pool1/objset-1", PooledFileSystemCollector()),
    (
      "sys/fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74/bdev0/writeback_rate_debug",
      BlockCacheCollector()
    ),
    ("sys/class/infiniband/mlx4_0/ports/1/rate", InfiniBandCollector()),
    ("sys/class/fc_host/host0/statistics/rx_words", FibreChannelCollector()),
    ("sys/class/powercap/intel-rapl:0/name", EnergyCollector()),
    ("sys/devices/system/cpu/isolated", ProcessorCollector()),
  ]

  @Test(arguments: sources.indices) func aFileThatEndsAnywhereIsNoError(_ index: Int) throws {
    let (file, collector) = Self.sources[index]
    let tree = try FileTree(unpacking: "devices.tree")
    let bytes = try #require(SystemFile.read("\(tree.path)/\(file)"))
    var whole = MetricBatch()
    #expect(collector.collect(from: tree.files, into: &whole))
    for length in 0..<min(bytes.count, 1_500) {
      try tree.write(Array(bytes.prefix(length)), to: file)
      var batch = MetricBatch()
      _ = collector.collect(from: tree.files, into: &batch)
      #expect(batch.families.count <= whole.families.count)
    }
  }

  @Test(arguments: sources.indices) func aFileOfAnythingIsNoError(_ index: Int) throws {
    let (file, collector) = Self.sources[index]
    let tree = try FileTree(unpacking: "devices.tree")
    let bytes = try #require(SystemFile.read("\(tree.path)/\(file)"))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<100 {
      var changed = bytes
      for _ in 0..<4 where !changed.isEmpty {
        changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(in: 0...255)
      }
      try tree.write(changed, to: file)
      var batch = MetricBatch()
      _ = collector.collect(from: tree.files, into: &batch)
      expectWholeText(batch)
    }
  }

  @Test func sizesForPeopleAreReadAsTheKernelWritesThem() {
    #expect(BlockCacheCollector.number("17") == 17)
    #expect(BlockCacheCollector.number("1.0k") == 1_024)
    #expect(BlockCacheCollector.number("-2.0M") == -2_097_152)
    for text in ["", "-", "k", "1.2.3k", "..k", "é", "1.k"] {
      #expect(BlockCacheCollector.number(text[...]) == nil, "\(text)")
    }
  }

  @Test func addressesAreWrittenInTheirShortestForm() {
    #expect(InternetAddress.text(0xC0A8_0016) == "192.168.0.22")
    #expect(InternetAddress.text([0, 0, 0, 0, 0, 0, 0, 1]) == "::1")
    #expect(InternetAddress.text([1, 0, 0, 2, 0, 0, 0, 0]) == "1:0:0:2::")
    #expect(InternetAddress.text([1, 0, 2, 3, 4, 5, 6, 7]) == "1:0:2:3:4:5:6:7")
    #expect(InternetAddress.text([1, 2]) == nil)
  }

  /// Strings of foreign devices that would end a line, a label or the whole text.
  @Test func namesAndTextsOfDevicesNeverBreakTheText() throws {
    let evil = Array("a\"} 1\nnode_evil 1 \\".utf8) + [0, 0xff, 0xc3, 0x0d, 0xe2, 0x80]
    let tree = try FileTree(unpacking: "devices.tree")
    for file in [
      "sys/class/nvme/nvme0/model", "sys/class/dmi/id/product_name",
      "sys/class/power_supply/BAT0/manufacturer", "sys/class/hwmon/hwmon1/temp1_label",
      "sys/class/fc_host/host0/symbolic_name", "sys/class/powercap/intel-rapl:0/name",
      "sys/class/thermal/thermal_zone0/type", "sys/class/infiniband/mlx4_0/board_id",
      "proc/spl/kstat/zfs/pool1/state", "proc/spl/kstat/zfs/arcstats", "proc/mdstat",
      "root/run/udev/data/b8:0", "root/etc/os-release", "proc/net/sockstat", "proc/vmstat",
      "sys/fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d/label",
    ] {
      try tree.write(Array("pgpgin\"{ 1\nNAME=".utf8) + evil, to: file)
    }
    try tree.write("1", to: "sys/class/nvme/n\"vme\n\\/state")
    try tree.write("1", to: "sys/class/hwmon/hwmon2/temp1_ev\"il")
    expectWholeText(MetricRegistry(roots: tree.roots).collect())
  }
}

/// Expects a text in which each line is a comment or a series with a value.
func expectWholeText(_ batch: MetricBatch, sourceLocation: SourceLocation = #_sourceLocation) {
  let bytes = PrometheusText.encode(batch.families)
  #expect(!bytes.contains(0), sourceLocation: sourceLocation)
  let text = String(validating: bytes, as: UTF8.self)
  let lines = (text ?? "?").utf8.split(separator: UInt8(ascii: "\n"))
  #expect(lines.allSatisfy(isWhole), sourceLocation: sourceLocation)
}

/// Whether a line is `# …` or `name{label="value",…} number`.
private func isWhole(_ line: Substring.UTF8View.SubSequence) -> Bool {
  var rest = Array(line)[...]
  if rest.starts(with: "# ".utf8) { return true }
  func isNamePart(_ byte: UInt8) -> Bool { String(UnicodeScalar(byte)).isNamePart }
  let name = rest.prefix(while: isNamePart)
  rest = rest.dropFirst(name.count)
  guard !name.isEmpty else { return false }
  if rest.first == UInt8(ascii: "{") {
    repeat {
      rest = rest.dropFirst()
      let label = rest.prefix(while: isNamePart)
      rest = rest.dropFirst(label.count)
      guard !label.isEmpty, rest.starts(with: "=\"".utf8) else { return false }
      rest = rest.dropFirst(2)
      while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
        if byte == UInt8(ascii: "\\") { rest = rest.dropFirst() }
      }
    } while rest.first == UInt8(ascii: ",")
    guard rest.popFirst() == UInt8(ascii: "}") else { return false }
  }
  return rest.first == 0x20 && Double(String(decoding: rest.dropFirst(), as: UTF8.self)) != nil
}
