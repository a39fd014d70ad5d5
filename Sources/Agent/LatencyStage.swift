import Latency
import LinuxHost
import MetricModel
import Sampling
import Synchronization

/// Measures latencies all the time, each kind apart, on a thread of its own, and adds them up by
/// service.
///
/// What the kernel refuses is told, and the others go on. When all of them together cost more than
/// they may, the dearest rests for a while.
final class LatencyStage: Sendable {
  struct Settings: Sendable {
    var kinds = LatencyKind.allCases
    /// Stacks a minute on each CPU and of each kind; 0 for none.
    var exemplarsPerMinute = 4.0
    /// What all of it may take of one CPU, from 0 to 1.
    var maximumOverhead = 0.01
    var roots = HostRoots()
  }

  /// A slow operation with its stack.
  struct Exemplar: Sendable {
    let exemplar: LatencyExemplar
    let facts: ExemplarFacts
  }

  private struct Exchange {
    var stops = false
    var collectsLast = false
    /// Whether it was said who takes stacks, if anybody does, and by which count.
    var loan: SampleLoan?
    var loanNumber = 0
    var exemplars: [Exemplar] = []
    var maximumOverhead: Double
    var figures = LatencyFigures()
  }

  private let settings: Settings
  private let services: ServiceNames
  private let exchange: Mutex<Exchange>
  private let totals = Mutex(LatencyTotals())
  private let thread = StageThread()

  private static let turnNanoseconds: UInt64 = 200_000_000
  private static let exemplarLimit = 1_024

  init(_ settings: Settings, services: ServiceNames) {
    self.settings = settings
    self.services = services
    exchange = Mutex(Exchange(maximumOverhead: settings.maximumOverhead))
  }

  /// Not where there is no thread to take them.
  var wantsExemplars: Bool { settings.exemplarsPerMinute > 0 && thread.isRunning }

  /// Starts the thread, which measures nothing until `measure`; false if the system has no room for it.
  func start(tick: @escaping @Sendable () -> Void) -> Bool {
    thread.start(name: "wick-latency") { [self] in run(tick) }
  }

  /// Begins to measure, or begins anew with another sampler.
  ///
  /// - Parameter loan: of a sampler that takes the stacks of slow operations; nil for none.
  func measure(loan: SampleLoan?) {
    exchange.withLock { exchange in
      exchange.loan = wantsExemplars ? loan : nil
      exchange.loanNumber += 1
    }
  }

  /// What it may take of one CPU from now on.
  func setMaximumOverhead(_ share: Double) { exchange.withLock { $0.maximumOverhead = share } }

  /// Takes slow operations whose stacks have names by now.
  func take(_ exemplars: [Exemplar]) {
    let taken = exchange.withLock { exchange in
      let taken = exemplars.prefix(Self.exemplarLimit - exchange.exemplars.count)
      exchange.exemplars += taken
      return taken.count
    }
    guard taken < exemplars.count else { return }
    totals.withLock { totals in
      for exemplar in exemplars.dropFirst(taken) {
        totals.addLostExemplar(of: LatencyProbe.kind(of: exemplar.facts))
      }
    }
  }

  /// Has the thread end, and collect for the last time before if somebody still reads that.
  func askToStop(collects: Bool) {
    exchange.withLock { exchange in
      exchange.stops = true
      exchange.collectsLast = collects
    }
  }

  /// Waits for the thread to end, for so long at most: taking programs off takes the kernel a while, and
  /// it does that for who has ended as well.
  func stop(within limit: Duration) {
    thread.wait(limit)
  }

  var figures: LatencyFigures { exchange.withLock(\.figures) }

  /// Adds all series.
  func add(to batch: inout MetricBatch) {
    let figures = figures
    totals.withLock { totals in
      totals.add(to: &batch)
      totals.addLosses(to: &batch)
    }
    for kind in settings.kinds {
      let label: KeyValuePairs = ["kind": kind.rawValue]
      batch.add(
        "wick_latency_paused_seconds_total", .counter,
        "How long a kind of latency was not measured, because of its cost for instance.",
        Double(figures.pausedNanoseconds[kind] ?? 0) / 1e9, label)
      batch.add(
        "wick_latency_bpf_seconds_total", .counter,
        "Time of the BPF programs that measure a kind of latency, estimated if need be.",
        figures.bpfSeconds[kind], label)
    }
  }

  /// Forgets the exemplars that a batch has told.
  func forgetExemplars(upTo number: UInt64) {
    totals.withLock { $0.forgetExemplars(upTo: number) }
  }

  private func run(_ tick: () -> Void) {
    var work = LatencyWork(settings, services)
    while true {
      let wishes = exchange.withLock { exchange in
        defer { exchange.exemplars = [] }
        return exchange
      }
      if wishes.stops {
        if wishes.collectsLast { work.end(totals) }
        return
      }
      tick()
      let now = Clock.monotonic()
      if wishes.loanNumber != 0 {
        work.use(wishes.loan, number: wishes.loanNumber, totals)
        work.startNext(now)
        work.collectNext(now, limit: wishes.maximumOverhead, totals)
        work.add(wishes.exemplars, totals)
        let figures = work.figures(at: now)
        exchange.withLock { $0.figures = figures }
      }
      work.wait(nanoseconds: Self.turnNanoseconds)
    }
  }
}
