import MetricModel

/// Load averages.
///
/// - Source: proc(5), `/proc/loadavg`.
struct LoadCollector: Collector {
  static let name = "loadavg"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let line = host.line("\(host.proc)/loadavg") else { return false }
    let values = line.words.prefix(3).map { Double($0) }
    guard values.count == 3 else { return false }
    for (minutes, value) in zip(["1", "5", "15"], values) {
      batch.add("node_load\(minutes)", .gauge, "Load average over \(minutes) min.", value)
    }
    return true
  }
}
