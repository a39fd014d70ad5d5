import MetricModel

/// Series of latencies, which are not read from files.
struct AddedSeries: Collector {
  static let name = "latency"

  let add: @Sendable (inout MetricBatch) -> Void

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    add(&batch)
    return true
  }
}
