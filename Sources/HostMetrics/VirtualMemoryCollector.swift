import MetricModel

/// Paging, faults and ends for want of memory.
///
/// - Source: proc(5), `/proc/vmstat`.
struct VirtualMemoryCollector: Collector {
  static let name = "vmstat"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/vmstat") else { return false }
    for line in lines {
      let fields = line.words
      guard fields.count == 2, Self.isWanted(fields[0]), fields[0].isNamePart else { continue }
      batch.add(
        "node_vmstat_\(fields[0])", .untyped, "The kernel's \(fields[0]) of /proc/vmstat.",
        Double(fields[1]))
    }
    return true
  }

  private static func isWanted(_ key: Substring) -> Bool {
    key.hasPrefix("oom_kill") || key.hasPrefix("pgpg") || key.hasPrefix("pswp")
      || (key.hasPrefix("pg") && key.contains("fault"))
  }
}
