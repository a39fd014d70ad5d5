import MetricModel

/// What each processor ran, and what waited for it.
///
/// - Source: kernel, Documentation/scheduler/sched-stats.rst: the last three of the columns that are
///   numbered from 1 to 9, in nanoseconds. Many kernels do not have the file.
struct SchedulerCollector: Collector {
  static let name = "schedstat"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/schedstat") else { return false }
    for line in lines where line.hasPrefix("cpu") {
      let fields = line.words
      let number = fields[0].dropFirst(3)
      guard fields.count > 9, UInt(number) != nil else { continue }
      batch.add(
        "node_schedstat_running_seconds_total", .counter, "Seconds in which tasks ran.",
        Double(fields[7]).map { $0 / 1e9 }, ["cpu": "\(number)"])
      batch.add(
        "node_schedstat_waiting_seconds_total", .counter,
        "Seconds that tasks waited for the processor, in sum.",
        Double(fields[8]).map { $0 / 1e9 }, ["cpu": "\(number)"])
      batch.add(
        "node_schedstat_timeslices_total", .counter, "Slices of time that tasks got.",
        Double(fields[9]), ["cpu": "\(number)"])
    }
    return true
  }
}
