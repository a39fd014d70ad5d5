import MetricModel

/// Paging, faults and ends for want of memory.
///
/// - Source: proc(5), `/proc/vmstat`.
struct VirtualMemoryCollector: Collector {
  static let name = "vmstat"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/vmstat") else { return false }
    for line in lines {
      guard Self.isWanted(line) else { continue }
      let fields = line.words
      guard fields.count == 2, fields[0].isNamePart else { continue }
      batch.add(
        "node_vmstat_\(fields[0])", .untyped, "The kernel's \(fields[0]) of /proc/vmstat.",
        Double(fields[1]))
    }
    return true
  }

  /// Most of the hundreds of lines are not, which their first bytes tell.
  private static func isWanted(_ line: Substring) -> Bool {
    let start = line.utf8
    if start.starts(with: "oom_kill".utf8) || start.starts(with: "pswp".utf8) { return true }
    guard start.starts(with: "pg".utf8) else { return false }
    return start.starts(with: "pgpg".utf8) || start.hasFault
  }
}

extension Substring.UTF8View {
  /// Whether the first word has `fault` in it.
  fileprivate var hasFault: Bool {
    var rest = prefix { !$0.isBlank }
    while !rest.isEmpty {
      if rest.starts(with: "fault".utf8) { return true }
      rest.removeFirst()
    }
    return false
  }
}
