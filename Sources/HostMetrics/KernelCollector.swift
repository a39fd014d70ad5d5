import MetricModel

/// Interrupts, context switches and processes since boot.
///
/// - Source: proc(5), `/proc/stat`.
struct KernelCollector: Collector {
  static let name = "stat"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/stat") else { return false }
    for line in lines {
      // A line may have thousands of words.
      let fields = line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 2).map { Substring($0) }
      guard fields.count > 1, let value = Double(fields[1]) else { continue }
      add(fields[0], value, to: &batch)
    }
    return true
  }

  private func add(_ key: Substring, _ value: Double, to batch: inout MetricBatch) {
    switch key {
    case "intr": batch.add("node_intr_total", .counter, "Interrupts that were serviced.", value)
    case "ctxt": batch.add("node_context_switches_total", .counter, "Context switches.", value)
    case "btime":
      batch.add(
        "node_boot_time_seconds", .gauge, "When the host booted, in seconds since 1970.", value)
    case "processes": batch.add("node_forks_total", .counter, "Processes and threads begun.", value)
    case "procs_running":
      batch.add("node_procs_running", .gauge, "Threads that run or wait for a processor.", value)
    case "procs_blocked":
      batch.add("node_procs_blocked", .gauge, "Threads that wait for I/O.", value)
    default: break
    }
  }
}
