import BPFRuntime
import Latency
import LinuxHost
import MetricModel
import Sampling

/// One kind of latency: it is measured, rests because of its cost, or is refused by the kernel.
///
/// What has begun when it goes to rest is forgotten: it must not be taken for something that ends
/// later.
struct LatencyProbe {
  enum State {
    /// Until a time of the monotonic clock; nil if it has to be loaded anew.
    case resting(until: UInt64, LatencyCollector?)
    case measuring(LatencyCollector)
  }

  let kind: LatencyKind
  private(set) var state = State.resting(until: 0, nil)
  /// Why the kernel does not have it.
  private(set) var problem: FeatureProblem?
  /// What it took of a CPU when it was last looked at, and when it was sent to rest.
  private(set) var share = 0.0
  private(set) var excess: Double?
  /// When it was last collected from, by the monotonic clock.
  private(set) var collectedAt: UInt64 = 0
  private(set) var startedAt: UInt64 = 0
  /// Nanoseconds without measuring, since it first measured.
  private var pausedNanoseconds: UInt64 = 0
  private var stoppedAt: UInt64?
  private var lastSpent: UInt64 = 0
  /// When its share was last taken, and what it had spent then.
  private var judgedAt: UInt64 = 0
  private var judgedSpent: UInt64 = 0
  /// Of collectors that are gone.
  private var spentBefore: UInt64 = 0
  private var generation: UInt32 = 0
  /// CPU time of loading, in nanoseconds: it comes once, or seldom.
  private(set) var loadingNanoseconds: UInt64 = 0

  /// How long until what was refused is tried again: there may have been no memory.
  private static let retryNanoseconds: UInt64 = 300_000_000_000
  /// A share is of no less time.
  private static let judgedNanoseconds: UInt64 = 4_000_000_000
  /// In seconds; loading costs as much as measuring for long.
  private static let shortestPause = 10.0
  private static let shortestPauseUnloaded = 120.0
  private static let longestPause = 300.0

  init(_ kind: LatencyKind) { self.kind = kind }

  var collector: LatencyCollector? {
    if case .measuring(let collector) = state { collector } else { nil }
  }

  /// Time of the programs so far, in nanoseconds.
  var spentNanoseconds: UInt64 { spentBefore &+ lastSpent }

  func pausedNanoseconds(at now: UInt64) -> UInt64 {
    pausedNanoseconds &+ (stoppedAt.map { now &- $0 } ?? 0)
  }

  func isDue(at now: UInt64) -> Bool {
    if case .resting(let end, _) = state { now >= end } else { false }
  }

  /// Begins to measure.
  ///
  /// - Parameters:
  ///   - options: how; they get a number by which exemplars know their collector.
  ///   - loan: of a sampler that takes stacks; nil for none.
  ///   - meter: tells what it costs; nil where the kernel does not.
  ///   - now: nanoseconds of the monotonic clock.
  mutating func start(
    _ options: LatencyOptions, loan: SampleLoan?, meter: RunTimeMeter?, now: UInt64
  ) {
    let before = Clock.threadCPU()
    defer { loadingNanoseconds &+= Clock.threadCPU() &- before }
    do {
      let collector = try rested ?? load(options, loan, meter)
      try collector.start()
      state = .measuring(collector)
      problem = nil
      excess = nil
      startedAt = Clock.monotonic()
      (collectedAt, judgedAt, judgedSpent) = (startedAt, startedAt, lastSpent)
      if let stoppedAt { pausedNanoseconds &+= startedAt &- stoppedAt }
      stoppedAt = nil
    } catch {
      let rights = Capability.effective(roots: options.roots)
      problem = SamplingTrials.problem(
        error, isPrivileged: rights.isSuperset(of: [.bpf, .perfmon]))
      finish()
      state = .resting(until: now &+ Self.retryNanoseconds, nil)
    }
  }

  /// Whether it takes memory in the kernel.
  var isLoaded: Bool { collector != nil || rested != nil }

  private var rested: LatencyCollector? {
    if case .resting(_, let collector) = state { collector } else { nil }
  }

  private mutating func load(
    _ options: LatencyOptions, _ loan: SampleLoan?, _ meter: RunTimeMeter?
  ) throws -> LatencyCollector {
    var options = options
    // Those of before may still be on their way.
    generation = (generation + 1) % 3
    options.number =
      generation * UInt32(LatencyKind.allCases.count)
      + UInt32(LatencyKind.allCases.firstIndex(of: kind) ?? 0)
    return try LatencyCollector(kind, options: options, loan: loan, meter: meter)
  }

  /// What was measured since the last time; nil if it does not measure, or fails.
  mutating func collect() -> LatencyInterval? {
    guard let collector else { return nil }
    let interval: LatencyInterval
    do {
      interval = try collector.collect()
    } catch {
      problem = SamplingTrials.problem(error)
      stop(until: Clock.monotonic() &+ Self.retryNanoseconds)
      return nil
    }
    let now = Clock.monotonic()
    let spent = collector.kernelNanoseconds
    if now &- judgedAt >= Self.judgedNanoseconds {
      share = Double(spent &- min(judgedSpent, spent)) / Double(now &- judgedAt)
      (judgedAt, judgedSpent) = (now, spent)
    }
    lastSpent = max(lastSpent, spent)
    collectedAt = now
    return interval
  }

  /// Ends measuring and gives back what it takes, after the last collection.
  mutating func stop(until time: UInt64) {
    if collector != nil { stoppedAt = collectedAt }
    finish()
    state = .resting(until: time, nil)
  }

  /// Takes note of what a collector has spent that goes.
  private mutating func finish() {
    spentBefore &+= lastSpent
    lastSpent = 0
    share = 0
  }

  /// Of which kind an exemplar is, though its collector may be gone.
  static func kind(of exemplar: ExemplarFacts) -> LatencyKind {
    LatencyKind.allCases[
      Int(LatencyCollector.number(of: exemplar)) % LatencyKind.allCases.count]
  }

  /// Rests for so long that what took a share of a CPU takes no more than `limit` in the long run.
  mutating func rest(share: Double, limit: Double, now: UInt64) {
    guard let collector else { return }
    let measured = min(60, Double(now &- startedAt) / 1e9)
    let isKept = collector.rest()
    let shortest = isKept ? Self.shortestPause : Self.shortestPauseUnloaded
    let pause = min(Self.longestPause, max(shortest, share / limit * measured))
    let end = now &+ UInt64(pause * 1e9)
    if isKept {
      self.share = 0
      stoppedAt = collectedAt
      state = .resting(until: end, collector)
    } else {
      stop(until: end)
    }
    excess = share
  }

  /// Why it rests, in a sentence; nil if it does not because of its cost.
  func pause(at now: UInt64) -> String? {
    guard case .resting(let end, _) = state, let excess else { return nil }
    let percent = Int((excess * 1_000).rounded())
    return """
      measuring it took \(percent / 10).\(percent % 10) % of a CPU, and rests for \
      \(end > now ? (end - now) / 1_000_000_000 : 0) s
      """
  }
}
