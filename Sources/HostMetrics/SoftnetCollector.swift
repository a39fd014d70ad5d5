import MetricModel

/// Packets that each processor has taken from network devices.
///
/// - Source: kernel, `softnet_seq_show`: hexadecimal columns, a line for each processor; the 13th
///   column is the processor's number where there is one.
struct SoftnetCollector: Collector {
  static let name = "softnet"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/net/softnet_stat") else { return false }
    for (index, line) in lines.enumerated() {
      let values = line.words.map { UInt64($0, radix: 16).map { Double($0) } }
      guard values.count >= 3 else { continue }
      let number = values.count > 12 ? values[12].flatMap { Int(exactly: $0) } ?? index : index
      let cpu = "\(number)"
      batch.add(
        "node_softnet_processed_total", .counter, "Packets that were processed.", values[0],
        ["cpu": cpu])
      batch.add(
        "node_softnet_dropped_total", .counter, "Packets that found the queue full.", values[1],
        ["cpu": cpu])
      batch.add(
        "node_softnet_times_squeezed_total", .counter,
        "How often work was left because its time was up.", values[2], ["cpu": cpu])
    }
    return true
  }
}
