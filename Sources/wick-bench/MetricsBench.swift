import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel

/// Collects the host's metrics, once to look at them or often to see what that costs.
enum MetricsBench {
  /// Prints them once for each line of standard input, with an empty line behind.
  static func show() {
    let collector = HostCollector(roots: HostRoots())
    while readLine() != nil {
      let text = PrometheusText.encode(collector.collect().families)
      Terminal.write(String(decoding: text, as: UTF8.self) + "\n")
    }
  }

  /// Prints the count, the CPU seconds of all collections and the bytes that stay resident.
  static func measure(_ count: Int) {
    let collector = HostCollector(roots: HostRoots())
    var bytes = PrometheusText.encode(collector.collect().families).count
    let before = ResourceUse.now().cpuSeconds
    for _ in 0..<count { bytes = PrometheusText.encode(collector.collect().families).count }
    let use = ResourceUse.now()
    print(count, use.cpuSeconds - before, use.peakResidentBytes, bytes)
  }
}
