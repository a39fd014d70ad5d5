import LinuxHost
import MetricModel

/// Entropy of the kernel's random numbers.
///
/// - Source: random(4).
struct EntropyCollector: Collector {
  static let name = "entropy"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.proc)/sys/kernel/random"
    guard let available = host.number("\(folder)/entropy_avail") else { return false }
    batch.add("node_entropy_available_bits", .gauge, "Bits of entropy that are there.", available)
    batch.add(
      "node_entropy_pool_size_bits", .gauge, "Bits of entropy that there can be.",
      host.number("\(folder)/poolsize"))
    return true
  }
}

/// Open files of the whole host.
///
/// - Source: proc(5), `/proc/sys/fs/file-nr`.
struct OpenFilesCollector: Collector {
  static let name = "filefd"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let line = host.line("\(host.proc)/sys/fs/file-nr") else { return false }
    let values = line.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard values.count == 3 else { return false }
    batch.add("node_filefd_allocated", .gauge, "Files that are open.", values[0])
    batch.add("node_filefd_maximum", .gauge, "Files that can be open.", values[2])
    return true
  }
}

/// Known neighbours of each device.
///
/// - Source: proc(5), `/proc/net/arp`; the device is the last column.
struct ArpCollector: Collector {
  static let name = "arp"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/net/arp") else { return false }
    var counts: [String: Double] = [:]
    for line in lines.dropFirst() {
      guard let device = line.words.last else { continue }
      counts[String(device), default: 0] += 1
    }
    for (device, count) in counts.sorted(by: { $0.key < $1.key }) {
      batch.add("node_arp_entries", .gauge, "Neighbours in the table.", count, ["device": device])
    }
    return true
  }
}

/// Connections that the firewall tracks.
///
/// - Source: kernel, `nf_conntrack_standalone.c`: a line of hexadecimal columns for each processor,
///   with names in the first line.
struct ConntrackCollector: Collector {
  static let name = "conntrack"

  private static let columns = [
    ("found", "found"), ("invalid", "invalid"), ("ignore", "ignore"), ("insert", "insert"),
    ("insert_failed", "insert_failed"), ("drop", "drop"), ("early_drop", "early_drop"),
    ("search_restart", "search_restart"),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.proc)/sys/net/netfilter"
    guard let count = host.number("\(folder)/nf_conntrack_count") else { return false }
    batch.add("node_nf_conntrack_entries", .gauge, "Connections that are tracked.", count)
    batch.add(
      "node_nf_conntrack_entries_limit", .gauge, "Connections that can be tracked.",
      host.number("\(folder)/nf_conntrack_max"))
    guard let lines = host.lines("\(host.proc)/net/stat/nf_conntrack"), let names = lines.first
    else { return true }
    let places = names.words.map(String.init)
    for (name, column) in Self.columns {
      // Newer kernels have given up some columns, but their names are still there.
      guard let place = places.firstIndex(of: column) else { continue }
      let values = lines.dropFirst().map { line -> Double in
        let fields = line.words
        return place < fields.count ? Double(UInt64(fields[place], radix: 16) ?? 0) : 0
      }
      batch.add(
        "node_nf_conntrack_stat_\(name)", .gauge, "The firewall's count of \(name).",
        values.reduce(0, +))
    }
    return true
  }
}

/// Datagrams that wait in sockets.
///
/// - Source: proc(5), `/proc/net/udp`: the fifth column is `TX:RX`, hexadecimal bytes.
struct DatagramQueueCollector: Collector {
  static let name = "udp_queues"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    var found = false
    for (file, version) in [("udp", "v4"), ("udp6", "v6")] {
      guard let lines = host.lines("\(host.proc)/net/\(file)") else { continue }
      found = true
      var sums = [0.0, 0.0]
      for line in lines.dropFirst() {
        let fields = line.words
        guard fields.count > 4 else { continue }
        let bytes = fields[4].split(separator: ":").map { Double(UInt64($0, radix: 16) ?? 0) }
        guard bytes.count == 2 else { continue }
        for index in 0..<2 { sums[index] += bytes[index] }
      }
      for (queue, sum) in zip(["tx", "rx"], sums) {
        batch.add(
          "node_udp_queues", .gauge, "Bytes of datagrams that wait in sockets.", sum,
          ["ip": version, "queue": queue])
      }
    }
    return found
  }
}

/// Whether SELinux is at work.
struct SelinuxCollector: Collector {
  static let name = "selinux"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let mode = host.number("\(host.sys)/fs/selinux/enforce")
    batch.add("node_selinux_enabled", .gauge, "Whether SELinux is on.", mode == nil ? 0 : 1)
    batch.add(
      "node_selinux_current_mode", .gauge, "Whether SELinux enforces its rules.", mode)
    guard mode != nil else { return true }
    let line = host.lines("\(host.root)/etc/selinux/config")?.first { $0.hasPrefix("SELINUX=") }
    let configured: Double? =
      switch line?.dropFirst("SELINUX=".count) {
      case "enforcing": 1
      case "permissive": 0
      case "disabled": -1
      default: nil
      }
    batch.add(
      "node_selinux_config_mode", .gauge, "What it will do after the next start; -1 is off.",
      configured)
    return true
  }
}
