import BPFObjects
package import BPFRuntime
import BPFShared
package import LinuxHost
import PerfEvents
import ProcessTracking
package import ProfileModel
import UnwindTables

/// Takes samples and makes profiles of them, one for each event.
///
/// Everything that can fail for want of privileges fails in `init`, before a sample is taken.
package final class Sampler {
  package let folder: SampleFolder
  private let options: SamplerOptions
  /// Samples a second on each CPU.
  package private(set) var frequency: Int
  private let machine: Machine
  private let processes: ProcessTable
  private let events: ProcessEventStream
  private var object: LoadedObject
  private let ring: RingBuffer
  private let copyRing: RingBuffer
  private let inbox: SampleInbox
  private let unwinding: KernelUnwinding
  private var triggers: [PerfEvent] = []
  /// The probes of events beside the clock.
  private var spans: SpanProbes?
  /// The probes in a process's allocator.
  private let allocations: AllocationProbe?
  private let meter: RunTimeMeter?
  /// Of the programs of the clock and of processes.
  private let ownTimes: RunTimes?
  private let fixedMapBytes: Int

  /// Who samples for hours lets the host have its time.
  private static let longestPulseShare = 0.05
  /// What the kernel was told last.
  private var control = sampler_control()
  /// When no more samples of the closing window can be on their way to the rings.
  private var closingTime: UInt64 = 0
  private var windowCounters = WindowCounters()

  package init(options: SamplerOptions, roots: HostRoots, profile: Profile) throws {
    self.options = options
    frequency = options.frequency
    machine = Machine(roots: roots)
    processes = ProcessTable(roots: roots)
    let meter =
      options.measuresRunTime
      ? RunTimeMeter(longestShare: options.mayPause ? Self.longestPulseShare : 1) : nil
    self.meter = meter
    // Events first: what changes while `/proc` is read is applied on top of what was read.
    let events = try ProcessEventStream(cpus: machine.onlineCPUs())
    self.events = events
    object = try Self.open(options, machine, countsRuns: meter == nil).load()
    ownTimes = meter?.watch(object)
    let spans = try SpanProbes(options, machine, sharing: object, meter: meter)
    self.spans = spans
    let allocations = try Self.allocationProbe(
      options, machine, sharing: object, countsRuns: meter == nil)
    if let meter { allocations?.measure(with: meter) }
    self.allocations = allocations
    fixedMapBytes = object.mapBytes() + (spans?.mapBytes ?? 0) + (allocations?.mapBytes ?? 0)
    control.setLengths(spans?.lengths ?? SpanLengths())
    let unwinding = try Self.unwinding(options, object)
    self.unwinding = unwinding
    folder = SampleFolder(
      processes: processes, unwinding: unwinding, options: options, roots: roots, profile: profile)
    let inbox = SampleInbox(folder: folder, processes: processes, events: events)
    self.inbox = inbox
    ring = try RingBuffer(map: "samples", in: object) { inbox.receiveStack($0) }
    copyRing = try RingBuffer(map: "raw_samples", in: object) { inbox.receiveCopy($0) }
    switch options.target {
    case .everything, .cgroup: processes.scan(Processes(roots: roots).all())
    case .processes(let pids): processes.scan(pids)
    }
  }

  /// What other objects need to take samples.
  package func loan() throws -> SampleLoan {
    var maps: [BPFMap] = []
    for name in SpanProbes.sharedMaps { maps.append(try object.map(name)) }
    return SampleLoan(options, machine, maps: maps)
  }

  private static func unwinding(_ options: SamplerOptions, _ object: borrowing LoadedObject) throws
    -> KernelUnwinding
  {
    let memory = try TableMemory(of: object)
    let source = TableSource()
    let cache = TableCache()
    let tables = UnwindTables(memory: memory, limitBytes: options.tableBytes) {
      source.table(of: $0, cache: cache).table
    }
    return KernelUnwinding(memory: memory, tables: tables)
  }

  /// Also samples this process and its children.
  package func add(target pid: UInt32) throws {
    try object.update(map: "targets", key: pid, value: UInt8(1))
    // If it has ended by now, nobody else would take it out again.
    if !Processes(roots: machine.roots).exists(pid) {
      try object.remove(map: "targets", key: pid)
    }
  }

  /// False when every process that was to be sampled has ended, and all their children.
  package var hasTargets: Bool {
    !options.target.followsChildren || object.contains(UInt8(1), inMap: "targets")
  }

  private static func allocationProbe(
    _ options: SamplerOptions, _ machine: Machine, sharing sampler: borrowing LoadedObject,
    countsRuns: Bool
  ) throws -> AllocationProbe? {
    guard options.events.contains(.allocations), let allocations = options.allocations else {
      return nil
    }
    return try UnavailableFeature.naming(.allocations) {
      try AllocationProbe(allocations, roots: machine.roots) { object in
        try configure(object, options, machine, countsRuns: countsRuns)
        for map in SpanProbes.sharedMaps { try object.share(map: map, with: sampler) }
      }
    }
  }

  /// What sampling allocations will cost the process; known after `forecastAllocations`.
  package private(set) var allocationForecast: AllocationForecast?

  /// Counts the process's allocations for a moment, if they are to be sampled.
  package func forecastAllocations() throws {
    allocationForecast = try UnavailableFeature.naming(.allocations) {
      try allocations?.forecast()
    }
  }

  /// What the process has asked for, by exact count; nil if that is not sampled.
  package var allocationCounts: AllocationCounts? { allocations?.counted }

  /// Begins to take samples.
  package func start() throws {
    unwinding.tables.start()
    prepareTables()
    try object.attach(program: "follow_child")
    try object.attach(program: "forget_process")
    if options.target.followsChildren { try object.attach(program: "mark_ended") }
    if case .processes(let pids) = options.target {
      for pid in pids { try add(target: pid) }
    }
    started = Clock.monotonic()
    // Before the first span: until it is told, the kernel's side would sample all of them.
    try tellKernel()
    try spans?.start(options.target)
    if let allocations, let forecast = allocationForecast {
      try allocations.start(period: forecast.period)
    }
    if options.events.contains(where: \.needsClock) { try startClock() }
    // Now, for attaching takes some of the first pulse.
    meter?.start()
  }

  private func startClock() throws {
    for cpu in machine.onlineCPUs() {
      let trigger = try PerfEvent.sampling(
        options.trigger, frequency: options.frequency, cpu: cpu)
      try object.attach(program: "sample_on_cpu", toPerfEvent: trigger.descriptor)
      triggers.append(trigger)
    }
    triggers.forEach { $0.enable() }
  }

  /// Monotonic time at which the probes were on.
  private var started: UInt64 = 0

  /// Has tables built for what runs most, and gives them a moment, so that the first samples can be
  /// walked in the kernel already.
  private func prepareTables() {
    let running = Processes(roots: machine.roots)
    let pids: [UInt32] =
      switch options.target {
      case .everything, .cgroup: running.byActivity(running.all())
      case .processes(let pids): pids
      }
    for pid in pids.prefix(Self.processesPrepared) {
      unwinding.requestAll(of: processes.image(at: Clock.monotonic(), pid: pid))
    }
    let end = Clock.monotonic() &+ Self.preparationNanoseconds
    while unwinding.tables.statistics.queueLength > 0, Clock.monotonic() < end { Clock.pause() }
  }

  private static let processesPrepared = 16
  private static let preparationNanoseconds: UInt64 = 100_000_000

  /// Waits for samples, and folds those that came.
  package func poll(timeout: Duration) throws {
    // When more samples come than can be folded, the caller still gets its turn.
    inbox.turnEnd = Clock.monotonic() &+ Self.turnNanoseconds
    let untilPulse = meter?.timeLeft.map { $0 + .milliseconds(1) }
    try ring.wait(or: copyRing, timeout: min(timeout, untilPulse ?? timeout))
    meter?.turn()
    let settled = Clock.monotonic() &- Self.settlingNanoseconds
    let before = Clock.threadCPU()
    let passedBefore = inbox.passed
    try drain()
    let took = Clock.threadCPU() &- before
    let spans = Double(inbox.passed.spans &- passedBefore.spans)
    let clock = Double(inbox.passed.clock &- passedBefore.clock)
    let ofSpans = spans > 0 ? UInt64(Double(took) * spans / (spans + clock)) : 0
    spanFoldingNanoseconds &+= ofSpans
    foldingNanoseconds &+= took &- min(took, ofSpans)
    // Without samples nothing else reads the events, and their ring is bounded.
    inbox.advance(to: settled)
    unwinding.release(processes.takeRetired())
    let isNews = judgeCost()
    if isNews || folder.stackEpoch != control.stack_epoch { try tellKernel() }
  }

  /// Has fewer spans sampled where that costs too much.
  ///
  /// - Returns: whether the kernel has to be told.
  private func judgeCost() -> Bool {
    guard
      let lengths = spans?.judge(
        at: Clock.monotonic(), ownRuns: ownRuns, sampled: inbox.received)
    else { return false }
    control.setLengths(lengths)
    return true
  }

  /// By the programs' own measurement, in nanoseconds, by kind; nil where the kernel measures.
  private var ownRuns: [UInt64]? {
    guard meter == nil, let counters = try? counters() else { return nil }
    return (0..<Int(SAMPLE_KIND_COUNT.rawValue)).map { kind in
      counters.value(COUNTER_RUN_NS, of: sample_kind(UInt32(kind)), parity: 0)
    }
  }

  private func counters() throws -> SampleCounters { try SampleCounters(of: object) }

  private func tellKernel() throws {
    control.stack_epoch = folder.stackEpoch
    control.window = folder.windowNumber
    try object.update(map: "control", key: UInt32(0), value: control)
  }

  private static let turnNanoseconds: UInt64 = 100_000_000
  /// No sample is older than this when it reaches the ring.
  private static let settlingNanoseconds: UInt64 = 100_000_000

  /// False if more is waiting.
  @discardableResult
  private func drain() throws -> Bool {
    try inbox.fold {
      try ring.drain()
      try copyRing.drain()
    }
  }

  /// Stops sampling, folds what is still on its way, and closes the ledgers.
  ///
  /// - Returns: the windows that were still open, the last one last.
  @discardableResult
  package func stop() throws -> [SampleWindow] {
    triggers.forEach { $0.disable() }
    let unseen = spans?.stop(since: started) ?? []
    allocations?.stop()
    meter?.stop()
    unwinding.tables.stop()
    // No more is coming, so this ends with the rings' contents.
    inbox.turnEnd = UInt64.max
    while try !drain() {}
    folder.add(unseen)
    folder.windows.forEach { $0.end() }
    if !folder.closing.isEmpty {
      try finish(folder.windowsBefore, parity: (folder.windowNumber &+ 1) & 1)
    }
    try finish(folder.windows, parity: folder.windowNumber & 1)
    return folder.takeClosing() + folder.windows
  }

  /// How long the kernel's side has run so far, in nanoseconds, with the programs that `measure` was
  /// told of; nil where that cannot be read.
  ///
  /// The kernel measures all programs where it lets us ask; else it is what the program that takes
  /// the samples has measured of itself.
  package var kernelNanoseconds: UInt64? { meter?.nanoseconds ?? ownRuns?.reduce(0, &+) }

  /// Of that, what grows with the frequency.
  package var clockNanoseconds: UInt64? {
    ownTimes?.nanoseconds ?? ownRuns.map { $0[Int(SAMPLE_CPU.rawValue)] }
  }

  /// What each kind of probe may take of one CPU from now on, from 0 to 1.
  package func setMaximumOverhead(_ share: Double) { spans?.maximumOverhead = share }

  /// Whether somebody wants to see waits and calls of the next seconds in detail; only who samples
  /// for hours takes fewer than can be had.
  package func setDetailed(_ isDetailed: Bool) throws {
    let rate = SpanProbes.usualRate * (isDetailed ? Self.detail : 1)
    guard let lengths = spans?.want(rate: rate) else { return }
    control.setLengths(lengths)
    try tellKernel()
  }

  private static let detail = 10.0

  /// How often and how long each program has run, where the kernel measures that.
  package var programRuns: [ProgramRuns] {
    (ownTimes?.programRuns ?? []) + (spans?.programRuns ?? [])
      + (allocations?.runTimes?.programRuns ?? [])
  }

  /// Has the programs of another object measured along with ours; nil where nothing is measured.
  package func measure(_ object: borrowing LoadedObject) -> RunTimes? { meter?.watch(object) }

  /// CPU time that folding samples of the clock has taken so far, in nanoseconds: what grows with the
  /// frequency.
  package private(set) var foldingNanoseconds: UInt64 = 0

  /// CPU time that folding all other samples has taken so far, in nanoseconds.
  package private(set) var spanFoldingNanoseconds: UInt64 = 0

  /// CPU time that building unwind tables has taken so far, in nanoseconds: what comes once.
  package var buildingNanoseconds: UInt64 { unwinding.tables.buildingNanoseconds }

  /// Bytes of kernel memory that our maps take.
  package var mapBytes: Int { fixedMapBytes + unwinding.grownKernelBytes }

  /// Samples by the kernel's own count, of all windows.
  package var taken: UInt64 {
    guard let counters = try? counters() else { return 0 }
    return Set(options.events.flatMap { $0.kinds.map(\.rawValue) }).reduce(0) { sum, kind in
      sum &+ counters.total(COUNTER_TAKEN, of: sample_kind(kind))
    }
  }

  /// What was measured of the spans of an event so far; nil for events that have none.
  package func spanFigures(of event: SampleEvent) -> SpanFigures? {
    guard let counters = try? counters() else { return nil }
    let kinds = event.kinds.filter { $0 != SAMPLE_CPU && $0 != SAMPLE_RAN }
    guard !kinds.isEmpty else { return nil }
    func sum(_ counter: counter) -> UInt64 {
      kinds.reduce(0) { $0 &+ counters.total(counter, of: $1) }
    }
    if event == .allocations, let allocations {
      let counted = allocations.counted
      return SpanFigures(
        count: counted.calls, value: counted.bytes, sampled: sum(COUNTER_TAKEN),
        unmeasured: sum(COUNTER_UNMEASURED), alwaysAbove: UInt64(allocations.period))
    }
    return SpanFigures(
      count: sum(COUNTER_SPANS), value: sum(COUNTER_SPANS_VALUE), sampled: sum(COUNTER_TAKEN),
      unmeasured: sum(COUNTER_UNMEASURED),
      alwaysAbove: kinds.map { control.length(of: $0) }.max() ?? 0)
  }

  /// Which probes rest because of what they cost, in sentences.
  package var pauses: [Feature: String] { spans?.pauses ?? [:] }

  /// How long each probe has rested so far, in nanoseconds.
  package var restedNanoseconds: [Feature: UInt64] { spans?.restedNanoseconds ?? [:] }

  /// The longest span of an event, in nanoseconds, that one sample stands for beside its own; 0 for
  /// events without spans.
  package func spanLength(of event: SampleEvent) -> UInt64 {
    event.kinds.map { control.length(of: $0) }.max() ?? 0
  }

  /// Which events have had fewer spans sampled because of what that cost, in sentences.
  package var reductions: [String] { spans?.reductions ?? [] }

  /// What the unwind tables hold and how that went, by the names of the summary.
  package var tableFigures: [(String, UInt64)] {
    let (tables, blocks) = unwinding.statistics
    return [
      ("files", UInt64(tables.tables)), ("rows", UInt64(tables.rows)),
      ("rules", UInt64(tables.rules)), ("shard_bytes", UInt64(tables.shardBytes)),
      ("kernel_bytes", UInt64(tables.kernelBytes)), ("evictions", UInt64(tables.evictions)),
      ("refusals", UInt64(tables.refusals)), ("processes", UInt64(blocks.processes)),
      ("build_us", UInt64(tables.buildSeconds * 1e6)),
    ]
  }

  /// Children that could not be followed because there were too many, as of the last window's end.
  package private(set) var targetsLost: UInt64 = 0
  /// Changes of processes that the kernel could not report.
  package var lostProcessEvents: UInt64 { processes.lostEvents }
}

// Windows.
extension Sampler {
  /// Ends the window and begins the next.
  ///
  /// The kernel counts and marks samples by window, so the ledger of each is exact, though samples
  /// of the one before arrive after its end: see `takeClosedWindows`. A window must be closed before
  /// the next can end.
  ///
  /// - Parameters:
  ///   - frequency: samples a second on each CPU, from now on; nil for as many as before.
  ///   - events: whose windows end; nil for all. The windows of the others go on.
  /// - Returns: false, and does nothing, while the window before is still open.
  /// - Throws: what the kernel refused.
  @discardableResult
  package func beginWindow(frequency: Int? = nil, events: Set<SampleEvent>? = nil) throws -> Bool {
    guard folder.closing.isEmpty else { return false }
    let isNews = frequency != nil && frequency != self.frequency
    if let frequency { self.frequency = frequency }
    // A profile of samples has one frequency.
    let clocked = isNews ? options.events.filter(\.needsClock) : []
    folder.beginWindow(
      frequency: self.frequency, events: (events ?? Set(options.events)).union(clocked))
    try tellKernel()
    if isNews { for trigger in triggers { try trigger.setFrequency(self.frequency) } }
    closingTime = Clock.monotonic() &+ Self.settlingNanoseconds
    return true
  }

  /// The windows that ended, one for each event, once all of their samples have arrived; none until
  /// then.
  package func takeClosedWindows() throws -> [SampleWindow] {
    guard !folder.closing.isEmpty, inbox.foldedUntil >= closingTime else { return [] }
    try finish(folder.windowsBefore, parity: (folder.windowNumber &+ 1) & 1)
    return folder.takeClosing()
  }

  /// What the process has allocated since the start and not freed; nil unless that was asked for.
  ///
  /// After `stop`; from the samples of the window with its allocations.
  package func heldProfile(of window: SampleWindow) throws -> Profile? {
    guard options.allocations?.holds == true, let allocations,
      let index = window.allocations
    else { return nil }
    let lost = try counters().total(COUNTER_UNMEASURED, of: SAMPLE_HELD)
    return index.heldProfile(of: window.profile, held: allocations.heldByStack(), lost: lost)
  }

  /// Adds to the ledgers what was taken in windows with an even, or an odd, number, of which no more
  /// samples come.
  private func finish(_ windows: [SampleWindow], parity: UInt32) throws {
    let counters = try counters()
    targetsLost = counters.value(COUNTER_TARGETS_FULL, of: SAMPLE_CPU, parity: 0)
    windowCounters.finish(windows, parity: Int(parity), counters: counters)
  }
}

extension SampleTarget {
  var followsChildren: Bool {
    if case .processes = self { true } else { false }
  }
}
