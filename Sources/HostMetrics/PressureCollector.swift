import MetricModel

/// How long tasks waited for processors, memory and I/O.
///
/// - Source: kernel, Documentation/accounting/psi.rst; totals in microseconds.
struct PressureCollector: Collector {
  static let name = "pressure"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    var found = false
    for resource in ["cpu", "io", "memory"] {
      for line in host.lines("\(host.proc)/pressure/\(resource)") ?? [] {
        guard let total = line.words.last(where: { $0.hasPrefix("total=") }) else {
          continue
        }
        found = true
        let seconds = Double(total.dropFirst("total=".count)).map { $0 / 1_000_000 }
        if line.hasPrefix("some") {
          batch.add(
            "node_pressure_\(resource)_waiting_seconds_total", .counter,
            "Seconds in which some task waited for \(resource).", seconds)
        } else if resource != "cpu" {
          // Of processors it is always 0 for the host as a whole.
          batch.add(
            "node_pressure_\(resource)_stalled_seconds_total", .counter,
            "Seconds in which all tasks waited for \(resource).", seconds)
        }
      }
    }
    return found
  }
}
