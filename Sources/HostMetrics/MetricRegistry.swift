package import LinuxHost
package import MetricModel
import Synchronization

/// Collects everything that there is to measure into one batch.
///
/// Collectors run one after the other on a thread of their own. One that does not come back, for a
/// file system that does not answer for instance, is left behind with its thread: it counts as failed
/// until it returns, and the others go on.
package final class MetricRegistry: Sendable {
  package struct Settings: Sendable {
    /// Series of one metric that have their own labels; the others are one series.
    package var seriesLimit = 5_000
    /// How long a collector may take.
    package var collectorLimit = Duration.seconds(2)
    /// How long all of them may take together.
    package var deadline = Duration.seconds(5)

    package init() {}
  }

  /// What is collected besides services and the agent.
  package enum Collectors: Sendable {
    /// What the node exporter collects too.
    case host
    /// And control groups.
    case all
  }

  private struct State {
    var limit: CardinalityLimit
    /// Collectors that have not come back, with their threads.
    var stuck: [Int: MetricLane] = [:]
    /// When the host booted, and what the clock showed then by its own count.
    var boot: (nanoseconds: UInt64, wallAtZero: UInt64)?
  }

  private let files: HostFiles
  private let collectors: [any Collector]
  private let settings: Settings
  private let state: Mutex<State>

  /// Series of a metric that are looked at in one collection, as a multiple of its limit.
  private static let rawFactor = 4
  /// Nanoseconds by which the clock may drift before we ask again when the host booted.
  private static let clockStep: UInt64 = 100_000_000

  /// - Parameters:
  ///   - roots: where the kernel's and the host's files are.
  ///   - settings: limits.
  ///   - kinds: what is collected of the host.
  ///   - without: names of collectors that are left out.
  ///   - textFiles: a folder of files with metrics of others; nil for none.
  ///   - services: what tells services apart; nil for no figures of them.
  ///   - agent: our own figures as they are now; nil for none.
  ///   - latencies: adds what was measured of latencies; nil where nobody measures any.
  package convenience init(
    roots: HostRoots, settings: Settings = Settings(), collectors kinds: Collectors = .all,
    without: Set<String> = [], textFiles: String? = nil, services: ServiceCollector? = nil,
    agent: (@Sendable () -> AgentFigures?)? = nil,
    latencies: (@Sendable (inout MetricBatch) -> Void)? = nil
  ) {
    var collectors = HostCollectors.all
    if kinds == .all { collectors.append(ControlGroupCollector()) }
    if let services { collectors.append(services) }
    if let agent { collectors.append(AgentCollector(figures: agent)) }
    if let latencies { collectors.append(AddedSeries(add: latencies)) }
    collectors.append(TextFileCollector(directory: textFiles))
    self.init(
      roots: roots, settings: settings,
      collectors: collectors.filter { !without.contains(type(of: $0).name) })
  }

  init(roots: HostRoots, settings: Settings, collectors: [any Collector]) {
    files = HostFiles(proc: roots.proc, sys: roots.sys, root: roots.files)
    self.collectors = collectors
    self.settings = settings
    state = Mutex(State(limit: CardinalityLimit(seriesLimit: settings.seriesLimit)))
  }

  /// All metrics as they are now.
  ///
  /// Blocks until they are there, at most for the deadline; who calls while another collects waits for
  /// it first. Not to be called where blocking is forbidden.
  package func collect() -> MetricBatch {
    state.withLock { collect(&$0) }
  }

  private func collect(_ state: inout State) -> MetricBatch {
    var batch = MetricBatch(
      seriesLimit: Self.rawFactor * settings.seriesLimit, timeUnixNanoseconds: Clock.wall(),
      countedSince: bootTime(&state))
    let end = Clock.monotonic() &+ settings.deadline.inNanoseconds
    state.stuck = state.stuck.filter { !$0.value.joinIfEnded() }
    var results = [MetricLane.Result?](repeating: nil, count: collectors.count)
    var next = 0
    while next < collectors.count, Clock.monotonic() < end {
      let stuck = state.stuck
      let todo = (next..<collectors.count).filter { stuck[$0] == nil }
      let lane = MetricLane(todo.map { ($0, collectors[$0]) }, files, like: batch)
      let stopped = lane.run(until: end, each: settings.collectorLimit.inNanoseconds)
      for (index, result) in lane.takeResults() { results[index] = result }
      guard let stopped else { break }
      state.stuck[stopped] = lane
      next = stopped + 1
    }
    for (index, result) in results.enumerated() {
      if let result {
        let kind = type(of: collectors[index])
        let leftOut = batch.append(result.batch, givesWay: kind.givesWay)
        if kind.givesWay {
          batch.add(
            "wick_collector_left_out_series", .gauge,
            "Series of a collector that are left out, for another has metrics of their names.",
            Double(leftOut), ["collector": kind.name])
        }
      }
      addResult(result, of: collectors[index], to: &batch)
    }
    addLimits(&state.limit, to: &batch)
    return batch
  }

  /// When the host booted, in nanoseconds since 1970; 0 where nobody knows.
  ///
  /// The file that says so is long and tells the same until somebody sets the clock.
  private func bootTime(_ state: inout State) -> UInt64 {
    let wallAtZero = Clock.wall() &- Clock.monotonic()
    if let boot = state.boot,
      Int64(bitPattern: wallAtZero &- boot.wallAtZero).magnitude < Self.clockStep
    {
      return boot.nanoseconds
    }
    state.boot = files.bootSeconds.flatMap { UInt64(exactly: $0 * 1_000_000_000) }
      .map { ($0, wallAtZero) }
    return state.boot?.nanoseconds ?? 0
  }

  private func addResult(
    _ result: MetricLane.Result?, of collector: any Collector, to batch: inout MetricBatch
  ) {
    let name = type(of: collector).name
    batch.add(
      "node_scrape_collector_duration_seconds", .gauge, "How long a collector took.",
      result.map { $0.seconds } ?? settings.collectorLimit.inSeconds, ["collector": name])
    batch.add(
      "node_scrape_collector_success", .gauge, "Whether a collector had something to tell.",
      result?.succeeded == true ? 1 : 0, ["collector": name])
  }

  private func addLimits(_ limit: inout CardinalityLimit, to batch: inout MetricBatch) {
    batch.keep(within: &limit)
    for (metric, series) in limit.folded {
      batch.add(
        "wick_metric_folded_series", .gauge, "Series of a metric that are one, called other.",
        Double(series), ["metric": metric])
    }
    batch.add(
      "wick_metric_refused_series_total", .counter,
      "Series that lost their labels, for their metric has too many.", Double(limit.refused))
  }
}

extension Duration {
  /// Nothing below 0, and no more than there is room for.
  fileprivate var inNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    let (whole, isTooMuch) = UInt64(clamping: seconds)
      .multipliedReportingOverflow(by: 1_000_000_000)
    return isTooMuch ? .max / 2 : whole &+ UInt64(clamping: attoseconds / 1_000_000_000)
  }

  fileprivate var inSeconds: Double { Double(inNanoseconds) / 1_000_000_000 }
}
