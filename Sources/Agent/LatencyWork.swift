import BPFRuntime
import Latency
import LinuxHost
import MetricModel
import Sampling
import Synchronization

/// What the thread that measures latencies has.
struct LatencyWork {
  private let settings: LatencyStage.Settings
  private let cpus: Int
  private var probes: [LatencyProbe]
  private var services: LatencyServices
  /// Nil where the kernel does not measure.
  private let meter = RunTimeMeter(longestShare: 0.05)
  private var loan: SampleLoan?
  private var loanNumber = 0
  private var nextCollection: UInt64 = 0
  private var nextStart: UInt64 = 0
  private var lastProbe = 0
  /// What the maps of each kind take.
  private var mapBytes: [LatencyKind: Int] = [:]

  /// How often each kind is collected from.
  private static let interval: UInt64 = 5_000_000_000
  /// Between two that are loaded, so that it does not take a CPU for long.
  private static let startInterval: UInt64 = 500_000_000

  init(_ settings: LatencyStage.Settings, _ services: ServiceNames) {
    self.settings = settings
    cpus = Machine(roots: settings.roots).onlineCPUs().count
    probes = settings.kinds.map { LatencyProbe($0) }
    self.services = LatencyServices(services, roots: settings.roots)
  }

  /// Goes on with another sampler: what has the stacks of the one before taken begins anew.
  mutating func use(_ loan: SampleLoan?, number: Int, _ totals: borrowing Mutex<LatencyTotals>) {
    guard number != loanNumber else { return }
    for index in probes.indices {
      finish(index, totals)
      probes[index].stop(until: 0)
    }
    (self.loan, loanNumber) = (loan, number)
  }

  /// Waits until there may be something to do.
  func wait(nanoseconds: UInt64) {
    let turn = meter?.timeLeft.map { $0.nanoseconds }
    Clock.pause(nanoseconds: min(nanoseconds, turn ?? nanoseconds) &+ 1)
    meter?.turn()
  }

  /// Starts one kind that is to be measured.
  mutating func startNext(_ now: UInt64) {
    guard now >= nextStart, let index = probes.firstIndex(where: { $0.isDue(at: now) }) else {
      return
    }
    let kind = probes[index].kind
    var options = LatencyOptions(allTheTime: kind, cpus: cpus)
    options.exemplarsPerSecond = settings.exemplarsPerMinute / 60
    options.roots = settings.roots
    probes[index].start(options, loan: loan, meter: meter, now: now)
    meter?.start()
    nextStart = now &+ Self.startInterval
    mapBytes[kind] = probes[index].collector?.mapBytes(isLent: loan != nil)
  }

  /// Collects from one kind, at a time of its own, and judges what all of them cost.
  mutating func collectNext(
    _ now: UInt64, limit: Double, _ totals: borrowing Mutex<LatencyTotals>
  ) {
    guard now >= nextCollection, !probes.isEmpty else { return }
    nextCollection = now &+ Self.interval / UInt64(probes.count)
    lastProbe = (lastProbe + 1) % probes.count
    collect(lastProbe, totals)
    services.rest(now: now)
    let shares = probes.map(\.share)
    guard shares.reduce(0, +) > limit,
      let dearest = probes.indices.max(by: { shares[$0] < shares[$1] })
    else { return }
    finish(dearest, totals)
    probes[dearest].rest(share: shares[dearest], limit: limit, now: now)
  }

  /// Takes the programs off, and collects what they have counted.
  private mutating func finish(_ index: Int, _ totals: borrowing Mutex<LatencyTotals>) {
    probes[index].collector?.stop()
    collect(index, totals)
  }

  private mutating func collect(_ index: Int, _ totals: borrowing Mutex<LatencyTotals>) {
    guard let interval = probes[index].collect() else { return }
    let kind = probes[index].kind
    let now = Clock.monotonic()
    // Asking who a process is takes time in which somebody may want to read.
    var found: [LatencyKey: String] = [:]
    for row in interval.rows where row.key.pid != 0 {
      found[row.key] = services.service(
        of: row.key.pid, startTime: row.key.startTime, process: row.process, now: now)
    }
    totals.withLock { $0.add(interval, of: kind) { found[$0.key] } }
  }

  /// Adds slow operations to the series that they belong to.
  mutating func add(
    _ exemplars: [LatencyStage.Exemplar], _ totals: borrowing Mutex<LatencyTotals>
  ) {
    let now = Clock.monotonic()
    for item in exemplars {
      let found = probes.lazy.compactMap { probe in
        probe.collector?.figure(of: item.facts).map { (kind: probe.kind, figure: $0) }
      }.first
      guard let found else {
        // What had it taken rests.
        totals.withLock { $0.addLostExemplar(of: LatencyProbe.kind(of: item.facts)) }
        continue
      }
      let service = services.service(
        of: item.exemplar.pid, startTime: 0, process: item.exemplar.process, now: now)
      guard let service else { continue }
      let exemplar = MetricExemplar(item.exemplar)
      totals.withLock {
        $0.add(exemplar, of: found.kind, figure: found.figure, service: service)
      }
    }
  }

  /// Collects for the last time.
  mutating func end(_ totals: borrowing Mutex<LatencyTotals>) {
    for index in probes.indices {
      finish(index, totals)
      probes[index].stop(until: .max)
    }
  }

  func figures(at now: UInt64) -> LatencyFigures {
    var figures = LatencyFigures()
    for probe in probes {
      figures.bpfSeconds[probe.kind] = Double(probe.spentNanoseconds) / 1e9
      figures.pausedNanoseconds[probe.kind] = probe.pausedNanoseconds(at: now)
      figures.refused[probe.kind] = probe.problem
      figures.pauses[probe.kind] = probe.pause(at: now)
      figures.loadingSeconds += Double(probe.loadingNanoseconds) / 1e9
      if probe.isLoaded { figures.mapBytes += UInt64(max(0, mapBytes[probe.kind] ?? 0)) }
      let limitations = probe.collector?.limitations ?? []
      if !limitations.isEmpty {
        figures.limitations[probe.kind] = limitations.joined(separator: "; ")
      }
    }
    return figures
  }
}
