import BPFObjects
import BPFRuntime
import BPFShared
import LinuxHost

/// The probes of the events that are spans: waits, system calls, page faults.
///
/// Only those are loaded that an event needs.
final class SpanProbes {
  /// Tells who ended a wait.
  private static let wakerProgram = "watch_waker"

  /// Maps that all objects have in common with the sampler's.
  static let sharedMaps = [
    "samples", "raw_samples", "sent_stacks", "control", "counters", "targets", "unwind_shards",
    "unwind_directory", "unwind_files", "unwind_rules", "unwind_mappings", "unwind_processes",
  ]

  private(set) var probes: [SpanProbe] = []
  let options: SamplerOptions
  private let machine: Machine
  let threadLimit: Int
  var lengths: SpanLengths
  /// What each probe may take of one CPU, from 0 to 1.
  var maximumOverhead: Double
  /// Samples of each probe in a second, where it may pause.
  var rateWanted = SpanProbes.usualRate
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
    for shape in SpanProbe.shapes where shape.kinds.contains(where: options.events.need) {
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
      probes.append(SpanProbe(shape, shape.programs + extra, object, meter))
    }
    if probes.isEmpty { return nil }
  }

  /// Who measures all the time begins with few.
  static func firstLengths(_ options: SamplerOptions) -> SpanLengths {
    var lengths = SpanLengths()
    guard options.mayPause else { return lengths }
    for shape in SpanProbe.shapes { lengths[keyPath: shape.length] = shape.ofMany.first }
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
