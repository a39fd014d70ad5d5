import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel

/// Collects the host's metrics, once to look at them or often to see what that costs.
struct MetricsBench {
  private let registry: MetricRegistry

  /// - Parameters:
  ///   - tree: a folder with `proc`, `sys` and `root` in place of the host's.
  ///   - isWhole: whether services are collected as well, each process being one by its name.
  init(tree: String? = nil, isWhole: Bool = true) {
    let roots = tree.map { HostRoots(proc: "\($0)/proc", sys: "\($0)/sys", files: "\($0)/root") }
    guard isWhole else {
      registry = MetricRegistry(roots: roots ?? HostRoots(), collectors: .host)
      return
    }
    let began = Clock.wall()
    let services = ServiceCollector { _, name in name }
    registry = MetricRegistry(roots: roots ?? HostRoots(), services: services) {
      Self.figures(since: began)
    }
  }

  private static func figures(since start: UInt64) -> AgentFigures {
    var figures = AgentFigures()
    figures.startUnixNanoseconds = start
    figures.cost = AgentCost.now(HostRoots())
    return figures
  }

  private var text: [UInt8] { PrometheusText.encode(registry.collect().families) }

  /// Prints them once for each line of standard input, with an empty line behind.
  func show() {
    while readLine() != nil { Terminal.write(String(decoding: text, as: UTF8.self) + "\n") }
  }

  /// Prints the count, the CPU seconds of all collections, the most bytes that were resident before
  /// the first and after the last, those of the text, and what each collector took of the last one.
  func measure(_ count: Int) {
    let start = ResourceUse.now().peakResidentBytes
    var bytes = text.count
    let before = ResourceUse.now().cpuSeconds
    for _ in 0..<count { bytes = text.count }
    let use = ResourceUse.now()
    print(count, use.cpuSeconds - before, start, use.peakResidentBytes, bytes)
    let durations = registry.collect().families.first {
      $0.descriptor.name == "node_scrape_collector_duration_seconds"
    }
    for point in durations?.points ?? [] {
      print(point.labels.first?.value ?? "", point.value)
    }
  }
}
