import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// The probes of the events that are spans: waits, system calls, page faults.
///
/// Only those are loaded that an event needs.
final class SpanProbes {
  /// One object with its programs, whose cost is judged as one.
  private final class Probe {
    let shape: Shape
    private let programs: [String]
    var object: LoadedObject
    let runTimes: RunTimes?
    var judge = OverheadJudge()
    /// Samples of it that had come when it was judged last.
    var sampled: UInt64 = 0
    /// Until when it rests, in nanoseconds of the monotonic clock; nil while it measures.
    var restsUntil: UInt64?
    /// Since when it rests; nil while it measures.
    private var restsSince: UInt64?
    /// How long it rested before.
    private var restedNanoseconds: UInt64 = 0

    init(
      _ shape: Shape, _ programs: [String], _ object: consuming LoadedObject, _ meter: RunTimeMeter?
    ) {
      self.shape = shape
      self.programs = programs
      runTimes = meter?.watch(object)
      self.object = object
    }

    func attach() throws(BPFError) {
      for program in programs { try object.attach(program: program) }
    }

    /// How long it has rested in all, in nanoseconds.
    func rested(until now: UInt64) -> UInt64 {
      restedNanoseconds &+ (restsSince.map { now > $0 ? now - $0 : 0 } ?? 0)
    }

    /// Measures again.
    func resume(at now: UInt64) throws(BPFError) {
      try attach()
      restedNanoseconds = rested(until: now)
      (restsUntil, restsSince) = (nil, nil)
    }

    /// Takes the programs off, and forgets what has begun and will not be seen to end.
    func rest(until time: UInt64, threadLimit: Int) {
      restsUntil = time
      restsSince = restsSince ?? Clock.monotonic()
      object.detach()
      runTimes?.rest()
      for map in shape.begun {
        object.removeAll(map: map, limit: threadLimit)
      }
      if shape.kinds.contains(SAMPLE_CALL) {
        object.clear(array: "open_calls", zero: open_call(), count: Int(OPEN_CALL_PLACES))
      }
    }
  }

  /// What is in an object, and when it is needed.
  struct Shape: Sendable {
    let feature: Feature
    let object: BPFObject
    let programs: [String]
    let kinds: [sample_kind]
    /// What it costs, in the words of the summary.
    let subject: String
    let longest: UInt64
    /// For who samples for hours.
    let ofMany: (shortest: UInt64, first: UInt64, longest: UInt64)
    /// Maps of what has begun, by thread.
    let begun: [String]
    let length: any WritableKeyPath<SpanLengths, UInt64> & Sendable
  }

  private static let times = (
    shortest: SpanLengths.shortestOfMany, first: SpanLengths.firstOfMany,
    longest: SpanLengths.longestOfMany
  )

  static let shapes: [Shape] = [
    Shape(
      feature: .waits, object: .waits,
      programs: [
        "watch_switch", "watch_wakeup", "watch_first_wakeup", "pay_after_call", "pay_at_exit",
        "follow_exec",
      ], kinds: [SAMPLE_BLOCKED, SAMPLE_QUEUED, SAMPLE_RAN], subject: "waits",
      longest: SpanLengths.longest, ofMany: times,
      begun: ["threads", "owed_samples", "parked_stacks"],
      length: \.wait),
    Shape(
      feature: .systemCalls, object: .calls, programs: ["enter_call", "leave_call", "forget_call"],
      kinds: [SAMPLE_CALL], subject: "system calls", longest: SpanLengths.longest, ofMany: times,
      begun: ["other_calls"], length: \.call),
    Shape(
      feature: .blockIO, object: .block,
      programs: BlockHooks().programs, kinds: [SAMPLE_BLOCK_IO],
      subject: "block I/O", longest: SpanLengths.longest, ofMany: times, begun: ["open_requests"],
      length: \.block),
    Shape(
      feature: .pageFaults, object: .faults,
      programs: ["watch_fault", "watch_kernel_fault", "watch_huge_page"],
      kinds: [SAMPLE_FAULT], subject: "page faults", longest: SpanLengths.longestFault,
      ofMany: (
        SpanLengths.shortestFaultOfMany, SpanLengths.firstFaultOfMany,
        SpanLengths.longestFaultOfMany
      ), begun: [], length: \.fault),
  ]

  /// Tells who ended a wait.
  private static let wakerProgram = "watch_waker"

  /// Maps that all objects have in common with the sampler's.
  static let sharedMaps = [
    "samples", "raw_samples", "sent_stacks", "control", "counters", "targets", "unwind_shards",
    "unwind_directory", "unwind_files", "unwind_rules", "unwind_mappings", "unwind_processes",
  ]

  private var probes: [Probe] = []
  private let options: SamplerOptions
  private let machine: Machine
  private let threadLimit: Int
  private(set) var lengths: SpanLengths
  /// What each probe may take of one CPU, from 0 to 1.
  var maximumOverhead: Double
  /// Samples of each probe in a second, where it may pause.
  private var rateWanted = SpanProbes.usualRate
  static let usualRate = 100.0

  /// Nil if no event needs any.
  ///
  /// Without a meter the programs measure themselves.
  init?(
    _ options: SamplerOptions, _ machine: Machine, sharing sampler: borrowing LoadedObject,
    meter: RunTimeMeter?
  ) throws {
    self.options = options
    self.machine = machine
    threadLimit = Self.threadLimit(machine)
    lengths = Self.firstLengths(options)
    maximumOverhead = options.maximumOverhead
    for shape in Self.shapes where shape.kinds.contains(where: options.events.need) {
      let opened = try OpenedObject(shape.object)
      try Sampler.configure(opened, options, machine, countsRuns: meter == nil)
      for map in Self.sharedMaps { try opened.share(map: map, with: sampler) }
      if shape.kinds.contains(SAMPLE_BLOCKED) {
        try Self.configureWaits(opened, options)
        try opened.share(map: "threads", with: sampler)
      }
      if shape.kinds.contains(SAMPLE_CALL) {
        try opened.set("only_wanted", to: !options.systemCalls.isEmpty)
      }
      if shape.kinds.contains(SAMPLE_BLOCK_IO) {
        try opened.set("has_queue_argument", to: BlockHooks().hasQueueArgument)
      }
      let object = try Self.load(opened, shape.feature)
      if shape.kinds.contains(SAMPLE_CALL) {
        for call in options.systemCalls {
          try object.update(map: "wanted_calls", key: call, value: UInt8(1))
        }
      }
      let extra = shape.feature == .waits && options.wantsWakers ? [Self.wakerProgram] : []
      probes.append(Probe(shape, shape.programs + extra, object, meter))
    }
    if probes.isEmpty { return nil }
  }

  /// Who measures all the time begins with few.
  private static func firstLengths(_ options: SamplerOptions) -> SpanLengths {
    var lengths = SpanLengths()
    guard options.mayPause else { return lengths }
    for shape in shapes { lengths[keyPath: shape.length] = shape.ofMany.first }
    return lengths
  }

  /// Names the feature that does not work here.
  private static func load(_ opened: consuming OpenedObject, _ feature: Feature) throws
    -> LoadedObject
  {
    do {
      return try opened.load()
    } catch {
      throw UnavailableFeature(feature, error)
    }
  }

  static func watchesThreads(_ events: [SampleEvent]) -> Bool {
    events.need(SAMPLE_BLOCKED) || events.need(SAMPLE_QUEUED)
  }

  /// Twice the threads that there are: 4 MiB at 64 Ki of them.
  static func threadLimit(_ machine: Machine) -> Int {
    let processes = Processes(roots: machine.roots)
    let threads = processes.all().reduce(0) { $0 + processes.threadCount(of: $1) }
    return min(max(2 * threads, 8_192), 1 << 18)
  }

  private static func configureWaits(
    _ object: borrowing OpenedObject, _ options: SamplerOptions
  ) throws {
    try object.set("want_blocked", to: options.events.need(SAMPLE_BLOCKED))
    try object.set("want_queued", to: options.events.need(SAMPLE_QUEUED))
    try object.set("want_ran", to: options.events.need(SAMPLE_RAN))
    try object.set("want_wakers", to: options.wantsWakers)
    if options.mayPause { try object.set("walks_per_second", to: walksPerSecond) }
    if !options.wantsWakers { try object.skip(program: wakerProgram) }
    let found = KernelAddresses.find(measurement.union(options.wantsWakers ? interrupts : []))
    if let address = found["__traceiter_sched_switch"] {
      try object.set("traceiter_start", to: address)
      try object.set("traceiter_end", to: address + tracingFunctionBytes)
    }
    if let last = found["bpf_trace_run12"] {
      try object.set("bpf_trace_end", to: last + tracingFunctionBytes)
    }
    for (setting, name) in [
      ("bpf_trace_start", "bpf_trace_run1"),
      ("interrupts_start", "__irqentry_text_start"), ("interrupts_end", "__irqentry_text_end"),
      ("soft_interrupts_start", "__softirqentry_text_start"),
      ("soft_interrupts_end", "__softirqentry_text_end"),
    ] {
      if let address = found[name] { try object.set(setting, to: address) }
    }
  }

  /// Of each CPU, on leaving it, for who samples for hours.
  private static let walksPerSecond: UInt64 = 200
  private static let measurement: Set = [
    "__traceiter_sched_switch", "bpf_trace_run1", "bpf_trace_run12",
  ]
  private static let interrupts: Set = [
    "__irqentry_text_start", "__irqentry_text_end", "__softirqentry_text_start",
    "__softirqentry_text_end",
  ]
  private static let tracingFunctionBytes: UInt64 = 256

  /// Bytes of kernel memory that the maps of the probes take beside those of the sampler.
  var mapBytes: Int { probes.reduce(0) { $0 + $1.object.mapBytes(without: Self.sharedMaps) } }

  /// How often and how long each program has run, where the kernel measures that.
  var programRuns: [ProgramRuns] { probes.flatMap { $0.runTimes?.programRuns ?? [] } }

  /// Begins to measure.
  func start(_ target: SampleTarget) throws {
    for probe in probes {
      do throws(BPFError) {
        try probe.attach()
      } catch {
        throw UnavailableFeature(probe.shape.feature, error)
      }
    }
    if options.events.contains(.wall) { try introduceThreads(target) }
  }

  /// Ends measuring.
  ///
  /// - Parameter start: since when it was measured, in nanoseconds of the monotonic clock.
  /// - Returns: the time that no sample tells of.
  func stop(since start: UInt64) -> [UnseenTime] {
    for probe in probes { probe.object.detach() }
    guard let waits = probes.first(where: { $0.shape.kinds.contains(SAMPLE_BLOCKED) })
    else { return [] }
    let now = Clock.monotonic()
    let processes = Processes(roots: machine.roots)
    let entries = waits.object.entries(
      map: "threads", key: UInt32(0), value: thread_state(), limit: threadLimit)
    var unseen: [UnseenTime] = []
    for (tid, state) in entries {
      guard let name = processes.name(of: state.pid) else { continue }
      let threadName = processes.name(of: state.pid, thread: tid) ?? name
      func add(_ nanoseconds: UInt64, isWaiting: Bool, isOlder: Bool = false) {
        guard nanoseconds > 0 else { return }
        unseen.append(
          UnseenTime(
            pid: state.pid, tid: tid, processName: name, threadName: threadName,
            isWaiting: isWaiting, nanoseconds: nanoseconds, isOlder: isOlder))
      }
      if state.left_ns != 0, state.left_ns < now {
        add(now - state.left_ns, isWaiting: true, isOlder: state.left_ns <= start)
      }
      let isRunning = state.arrived_ns != 0 && state.arrived_ns < now
      add(state.ran_ns &+ (isRunning ? now - state.arrived_ns : 0), isWaiting: false)
    }
    return unseen
  }

  /// Tells the kernel's side of the threads that may not switch for a long time.
  private func introduceThreads(_ target: SampleTarget) throws {
    guard let waits = probes.first(where: { $0.shape.kinds.contains(SAMPLE_BLOCKED) })
    else { return }
    let processes = Processes(roots: machine.roots)
    let pids: [UInt32] =
      switch target {
      case .everything: processes.all()
      case .processes(let pids): pids
      case .cgroup: []
      }
    let now = Clock.monotonic()
    for pid in pids {
      for tid in processes.threads(of: pid) {
        guard let runs = processes.isRunning(tid, of: pid) else { continue }
        var state = thread_state()
        state.pid = pid
        if runs { state.arrived_ns = now } else { state.left_ns = now }
        // One that has switched since the start is known better than by us.
        _ = try waits.object.insert(map: "threads", key: tid, value: state)
      }
    }
  }
}

// Cost.
extension SpanProbes {
  /// Sees to what the probes cost, once a second.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the monotonic clock.
  ///   - ownRuns: nanoseconds by kind as the programs measured them; nil where the kernel measures.
  ///   - sampled: samples by kind that have come.
  /// - Returns: the lengths from now on, if they have changed.
  func judge(at now: UInt64, ownRuns: [UInt64]?, sampled: [UInt64]) -> SpanLengths? {
    let before = lengths
    for probe in probes {
      if let end = probe.restsUntil {
        if now >= end { resume(probe, now) }
        continue
      }
      guard probe.judge.isDue(now) else { continue }
      let spent =
        ownRuns.map { runs in probe.shape.kinds.reduce(0) { $0 &+ runs[Int($1.rawValue)] } }
        ?? probe.runTimes?.nanoseconds ?? 0
      let count = probe.shape.kinds.reduce(0) { $0 &+ sampled[Int($1.rawValue)] }
      let seconds = probe.judge.seconds(until: now)
      let rate = seconds.map { Double(count &- probe.sampled) / $0 }
      probe.sampled = count
      guard let share = probe.judge.share(spent: spent, at: now), let rate else { continue }
      if options.mayPause {
        if probe.judge.isAbove(maximumOverhead, share: share) {
          pause(probe, share, now)
        } else {
          aim(probe, rate)
        }
      } else {
        shorten(probe, share)
      }
    }
    return lengths == before ? nil : lengths
  }

  /// Has fewer sampled where that costs too much, and more again where it costs little.
  private func shorten(_ probe: Probe, _ share: Double) {
    let length = lengths[keyPath: probe.shape.length]
    let shortest = Self.firstLengths(options)[keyPath: probe.shape.length]
    if share > maximumOverhead {
      lengths[keyPath: probe.shape.length] = min(length * 2, probe.shape.longest)
    } else if share < maximumOverhead / 4, length > shortest {
      lengths[keyPath: probe.shape.length] = length / 2
    }
  }

  /// Brings the samples a second to what is wanted.
  private func aim(_ probe: Probe, _ rate: Double) {
    let length = lengths[keyPath: probe.shape.length]
    let ratio = rate / rateWanted
    guard ratio > Self.ratioLeft || ratio < 1 / Self.ratioLeft else { return }
    lengths[keyPath: probe.shape.length] = Self.scaled(
      length, by: max(ratio, 1 / Self.largestStep), probe.shape)
  }

  private static func scaled(_ length: UInt64, by factor: Double, _ shape: Shape) -> UInt64 {
    let (shortest, _, longest) = shape.ofMany
    let scaled = min(Double(length) * factor, Double(longest))
    return max(shortest, UInt64(scaled))
  }

  /// Wants so many samples of each probe in a second, from now on; only where it may pause.
  ///
  /// - Returns: the lengths from now on, if they have changed.
  func want(rate: Double) -> SpanLengths? {
    guard options.mayPause, rate != rateWanted, rate > 0 else { return nil }
    for probe in probes {
      lengths[keyPath: probe.shape.length] = Self.scaled(
        lengths[keyPath: probe.shape.length], by: rateWanted / rate, probe.shape)
    }
    rateWanted = rate
    return lengths
  }

  /// What the rate may differ from what is wanted, either way.
  private static let ratioLeft = 1.5
  /// How much shorter lengths become at most in a second, since few samples say little.
  private static let largestStep = 4.0

  /// Has a probe rest so long that it is within its share with the seconds that cost too much.
  private func pause(_ probe: Probe, _ share: Double, _ now: UInt64) {
    let turns = min(share / max(maximumOverhead, 1e-6), Self.longestPause)
    let pause = max(Self.shortestPause, turns * Self.dearSeconds)
    probe.rest(
      until: now &+ UInt64(min(pause, Self.longestPause) * 1e9), threadLimit: threadLimit)
  }

  /// In seconds.
  private static let shortestPause = 10.0
  private static let longestPause = 300.0
  /// How long it may cost too much before it rests.
  private static let dearSeconds = 2.0

  private func resume(_ probe: Probe, _ now: UInt64) {
    probe.judge = OverheadJudge(greatestShare: probe.judge.greatestShare)
    do {
      try probe.resume(at: now)
    } catch {
      // Not half of its programs.
      probe.rest(until: now &+ UInt64(Self.longestPause * 1e9), threadLimit: threadLimit)
    }
  }

  /// Which probes rest, in sentences.
  var pauses: [Feature: String] {
    let now = Clock.monotonic()
    var pauses: [Feature: String] = [:]
    for probe in probes {
      guard let end = probe.restsUntil else { continue }
      let percent = Int((probe.judge.greatestShare * 1_000).rounded())
      pauses[probe.shape.feature] = """
        measuring \(probe.shape.subject) took \(percent / 10).\(percent % 10) % of a CPU, and rests for \
        \(end > now ? (end - now) / 1_000_000_000 : 0) s
        """
    }
    return pauses
  }

  /// How long each probe has rested so far, in nanoseconds.
  var restedNanoseconds: [Feature: UInt64] {
    let now = Clock.monotonic()
    return Dictionary(probes.map { ($0.shape.feature, $0.rested(until: now)) }) { $0 &+ $1 }
  }

  /// What was done about probes that cost more than they may, in sentences.
  var reductions: [String] {
    probes.compactMap { probe in
      guard !options.mayPause, probe.judge.greatestShare > maximumOverhead else { return nil }
      let percent = Int((probe.judge.greatestShare * 1_000).rounded())
      let limit = Int((maximumOverhead * 1_000).rounded())
      return """
        measuring \(probe.shape.subject) took up to \(percent / 10).\(percent % 10) % of a CPU, more \
        than the \(limit / 10).\(limit % 10) % of --max-overhead: shorter ones were sampled less \
        often, with larger weights; totals are not affected
        """
    }
  }
}

/// What a probe takes of a CPU.
private struct OverheadJudge {
  private var last: (time: UInt64, spent: UInt64)?
  private(set) var greatestShare: Double
  private var wasAbove = false

  init(greatestShare: Double = 0) { self.greatestShare = greatestShare }
  private static let interval: UInt64 = 1_000_000_000

  func seconds(until now: UInt64) -> Double? {
    last.flatMap { now > $0.time ? Double(now - $0.time) / 1e9 : nil }
  }

  /// Whether it was too much twice in a row, for one second alone says little, or far too much.
  mutating func isAbove(_ limit: Double, share: Double) -> Bool {
    defer { wasAbove = share > limit }
    return share > limit && (wasAbove || share > 4 * limit)
  }

  func isDue(_ now: UInt64) -> Bool { last.map { now >= $0.time &+ Self.interval } ?? true }

  /// The share since the last call; nil at the first.
  mutating func share(spent: UInt64, at now: UInt64) -> Double? {
    defer { last = (now, spent) }
    guard let last, now > last.time, spent >= last.spent else { return nil }
    let share = Double(spent - last.spent) / Double(now - last.time)
    greatestShare = max(greatestShare, share)
    return share
  }
}
