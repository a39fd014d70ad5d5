package import BPFRuntime
import BPFShared
import LinuxHost
import MetricModel
package import Sampling

/// Measures latencies of one kind: loads the programs, and collects what they have counted.
///
/// It holds a bounded amount of memory, however long it runs and however many processes there are.
package final class LatencyCollector {
  package let kind: LatencyKind
  private let options: LatencyOptions
  private var source: any LatencySource
  private var object: LoadedObject
  private let slots: HistogramSlots
  private var errors: ErrorCounts
  private var names: ProcessNames
  private var counters = LatencyLosses()
  private var collectedAt: UInt64 = 0
  /// Of processes that were seen, for their errors, which come without.
  private var startTimes: [UInt32: UInt64] = [:]
  private let hasSampler: Bool
  private let runTimes: RunTimes?
  private var estimate: UInt64 = 0

  private static let startTimeLimit = 65_536

  /// Loads the programs; whatever the kernel refuses it refuses here.
  ///
  /// A sampler takes the stacks of slow values, as samples of the event `exemplars`, and says whose
  /// latencies are measured; without one there are no stacks. The meter, if there is one, tells how
  /// long the programs run.
  package init(
    _ kind: LatencyKind, options: LatencyOptions, loan: SampleLoan? = nil,
    meter: RunTimeMeter? = nil
  ) throws {
    self.kind = kind
    self.options = options
    hasSampler = loan != nil
    var source = kind.source(roots: options.roots)
    object = try Self.open(source, options, loan).load()
    runTimes = meter?.watch(object)
    slots = try HistogramSlots(object, options: options)
    errors = try ErrorCounts(object, options: options)
    names = ProcessNames(roots: options.roots)
    if loan != nil, options.exemplarsPerSecond > 0 {
      slots.allowExemplars(above: source.slowNanoseconds)
    }
    try source.prepare(object)
    self.source = source
  }

  /// The object with all that it is to know before it is loaded.
  private static func open(
    _ source: any LatencySource, _ options: LatencyOptions, _ loan: SampleLoan?
  ) throws -> OpenedObject {
    let object = try OpenedObject(source.object)
    try HistogramSlots.size(object, options: options)
    try object.set("shard_mask", to: shards(options) - 1)
    try source.configure(object)
    for (map, entries) in options.mapEntries { try object.resize(map: map, to: entries) }
    try object.set("collector", to: options.number)
    if let loan {
      try loan.configure(object)
      try object.set("wants_exemplars", to: options.exemplarsPerSecond > 0)
      let rate = max(
        0.001,
        options.exemplarsPerSecond
          * Double(min(source.walksPerExemplar, options.walksPerExemplar)))
      try object.set("exemplar_interval_ns", to: UInt64(1e9 / rate))
      try object.set("exemplar_burst", to: min(source.walksAtOnce, options.walksAtOnce))
    } else {
      try Sampler.spare(object)
      try TargetFilter(target: options.target, roots: options.roots).configure(object)
      if case .processes = options.target { return object }
    }
    for program in followers { try object.skip(program: program) }
    return object
  }

  /// The programs of `BPF/lib/follow.h`.
  private static let followers = ["follow_target", "forget_ended_target"]

  /// A sampler does that for us.
  private var isFollowing: Bool {
    if case .processes = options.target { !hasSampler } else { false }
  }

  /// As many as there are CPUs, up to what a key has room for; a power of two.
  private static func shards(_ options: LatencyOptions) -> UInt32 {
    let cpus = Machine(roots: options.roots).possibleCPUCount()
    var shards: UInt32 = 1
    let most = min(options.shardLimit, 1 << UInt32(HISTOGRAM_SHARD_BITS))
    while shards < cpus, shards * 2 <= most { shards *= 2 }
    return shards
  }

  deinit { runTimes?.end() }

  /// Begins to measure.
  package func start() throws {
    if isFollowing {
      for program in Self.followers { try object.attach(program: program) }
      try TargetFilter(target: options.target, roots: options.roots).fill(object)
    }
    for program in source.programs { try object.attach(program: program) }
    source.begin()
    collectedAt = Clock.monotonic()
  }

  /// Ends measuring; what was counted can still be collected.
  package func stop() {
    object.detach()
    runTimes?.rest()
  }

  /// Ends measuring for a while, after which it is started again; false if it has to be loaded anew.
  ///
  /// What has begun is forgotten: it must not be taken for what ends later.
  package func rest() -> Bool {
    stop()
    return source.forgetBegun(object)
  }

  /// What a slow operation was, of a sample that this collector has had taken; nil if it is
  /// another's.
  package func name(of exemplar: ExemplarFacts) -> String? {
    guard Self.number(of: exemplar) == options.number else { return nil }
    return source.name(ofKind: exemplar.detail & HistogramKey.kindMask)
  }

  /// The same, taken apart.
  package func figure(of exemplar: ExemplarFacts) -> LatencyFigure? {
    guard Self.number(of: exemplar) == options.number else { return nil }
    return source.figure(ofKind: exemplar.detail & HistogramKey.kindMask)
  }

  /// The number in the options of the collector that had it taken.
  package static func number(of exemplar: ExemplarFacts) -> UInt32 {
    exemplar.detail >> UInt32(HISTOGRAM_KIND_BITS)
  }
}

// Collecting.
extension LatencyCollector {
  /// What was counted since the last collection, or since the start.
  package func collect() throws -> LatencyInterval {
    source.refresh()
    var rows: [LatencyKey: LatencyRow] = [:]
    func row(_ key: LatencyKey, of process: String) -> LatencyRow {
      rows[key]
        ?? LatencyRow(
          key: key, process: process, name: source.name(ofKind: key.kind),
          figure: source.figure(ofKind: key.kind))
    }
    if startTimes.count > Self.startTimeLimit { startTimes = [:] }
    slots.collect { change in
      let key = LatencyKey(
        pid: change.key.pid, startTime: change.startTime, kind: change.key.kind)
      let process = names.name(of: key.pid, told: change.process, begun: change.begun)
      var row = row(key, of: process)
      row.process = process
      row.histogram.add(change.histogram)
      row.interrupted &+= change.interrupted
      rows[key] = row
      startTimes[key.pid] = key.startTime
    }
    for (error, count) in errors.collect() {
      let key = LatencyKey(
        pid: error.pid, startTime: startTimes[error.pid] ?? 0, kind: error.kind)
      var row = row(key, of: names.name(of: key.pid, told: [], begun: 0))
      row.errors[source.name(ofError: error.error), default: 0] &+= count
      rows[key] = row
    }
    for tally in source.tallies() {
      let key = LatencyKey(pid: tally.pid, startTime: tally.startTime, kind: tally.kind)
      var row = row(key, of: names.name(of: key.pid, told: tally.process, begun: 0))
      row.errors.merge(tally.errors) { $0 &+ $1 }
      row.counts.merge(tally.counts) { $0 &+ $1 }
      rows[key] = row
    }
    // A process that ran another program meanwhile has one name in all of its rows.
    for key in rows.keys where key.pid != 0 {
      if let name = names.known(key.pid) { rows[key]?.process = name }
    }
    names.rest()
    let now = Clock.monotonic()
    defer { collectedAt = now }
    var interval = LatencyInterval(
      startUnixNanoseconds: Clock.wall() &- (now &- collectedAt),
      durationNanoseconds: now &- collectedAt, rows: Array(rows.values))
    interval.endedAt = now
    if measuredNanoseconds == 0 { estimate &+= source.estimatedNanoseconds(interval.rows) }
    interval.losses = try takeLosses()
    interval.losses.special = source.losses()
    return interval
  }

  private func takeLosses() throws -> LatencyLosses {
    let totals = try object.counters(
      map: "latency_counters", count: Int(LATENCY_COUNTER_COUNT.rawValue))
    func total(_ counter: latency_counter) -> UInt64 { totals[Int(counter.rawValue)] }
    var now = LatencyLosses()
    now.folded = total(LATENCY_FOLDED)
    now.lost = total(LATENCY_LOST)
    now.errors = total(LATENCY_ERRORS_LOST)
    now.beginnings = total(LATENCY_BEGINNINGS_LOST)
    now.endless = total(LATENCY_NO_END)
    now.targets = total(LATENCY_TARGETS_LOST)
    now.exemplars = total(LATENCY_EXEMPLARS)
    now.limitedExemplars = total(LATENCY_EXEMPLARS_LIMITED)
    defer { counters = now }
    return now.since(counters)
  }

  /// What this kernel does not let it see, in sentences.
  package var limitations: [String] { source.limitations }

  /// How long the programs ran in all, in nanoseconds; estimated unless a meter measures that.
  package var kernelNanoseconds: UInt64 {
    measuredNanoseconds > 0 ? measuredNanoseconds : estimate
  }

  private var measuredNanoseconds: UInt64 { runTimes?.nanoseconds ?? 0 }

  /// Bytes of kernel memory that the maps take.
  ///
  /// - Parameter isLent: whether a sampler's maps, which are not ours, are among them.
  /// - Returns: those of our own.
  package func mapBytes(isLent: Bool = false) -> Int {
    object.mapBytes(without: isLent ? Sampler.sharedMaps : [])
  }

  /// False when all processes that were asked for have ended, and all their children; where there is
  /// a sampler it is the one to know.
  package var hasTargets: Bool { !isFollowing || object.contains(UInt8(1), inMap: "targets") }
}
