import BPFObjects
import BPFRuntime
import BPFShared
package import LinuxHost
import PerfEvents
import ProcessTracking
package import ProfileModel
import UnwindTables

/// Takes on-CPU samples and makes a profile of them.
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
  private let statistics: RunTimeStatistics?
  private let fixedMapBytes: Int

  private static let wakeupShare = 4
  /// What the kernel was told last.
  private var control = sampler_control(stack_epoch: 0, window: 0)
  /// When no more samples of the closing window can be on their way to the rings.
  private var closingTime: UInt64 = 0
  /// What the kernel had counted of each parity when the window before of that parity was closed.
  private var counted = [WindowCounts(), WindowCounts()]

  package init(options: SamplerOptions, roots: HostRoots, profile: Profile) throws {
    self.options = options
    frequency = options.frequency
    machine = Machine(roots: roots)
    processes = ProcessTable(roots: roots)
    statistics = RunTimeStatistics()
    // Events first: what changes while `/proc` is read is applied on top of what was read.
    let events = try ProcessEventStream(cpus: machine.onlineCPUs())
    self.events = events
    object = try Self.open(options, machine).load()
    fixedMapBytes = object.mapBytes()
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

  /// The object with all that it is to know before it is loaded.
  static func open(_ options: SamplerOptions, _ machine: Machine) throws -> OpenedObject {
    let object = try OpenedObject(.sampler)
    try object.set("stack_bytes_wanted", to: UInt32(options.stackBytes))
    try object.set("want_kernel", to: options.wantsKernelFrames)
    try object.set("want_user", to: options.wantsUserFrames)
    try object.set("want_copies", to: options.copiesAll)
    try object.set("hash_seed", to: UInt64.random(in: 1...UInt64.max))
    try object.set("copy_bytes_per_second", to: UInt64(options.copyBudget))
    try object.set("copy_bytes_saved_max", to: Int64(2 * options.copyBudget))
    try object.resize(map: "scratches", to: machine.possibleCPUCount())
    let cpus = machine.onlineCPUs().count
    let ringBytes = ringBytes(options, cpus: cpus)
    try object.resize(map: "samples", to: ringBytes)
    try object.resize(map: "raw_samples", to: copyRingBytes(options, cpus: cpus))
    try object.set("wakeup_bytes", to: UInt64(ringBytes / wakeupShare))
    switch options.target {
    case .processes:
      try object.set("only_targets", to: true)
      try object.resize(map: "targets", to: Limits.targets)
    case .cgroup(let group):
      try object.set("only_cgroup", to: group.id)
      try object.set("cgroup_controller", to: try controllerNumber(group))
    case .everything: break
    }
    if !options.target.followsChildren { try object.skip(program: "mark_ended") }
    return object
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

  /// Room for two seconds of samples with deep stacks that were never seen before.
  ///
  /// The ring counts twice in our resident memory, because libbpf maps it twice in a row.
  private static func ringBytes(_ options: SamplerOptions, cpus: Int) -> Int {
    if let bytes = options.ringBytes { return bytes }
    let wanted = options.frequency * cpus * 2 * deepSampleBytes
    var bytes = 1 << 20
    while bytes < wanted && bytes < 16 << 20 { bytes *= 2 }
    return bytes
  }

  private static let deepSampleBytes = 1_024

  /// The reader is woken for every copy, so that only a storm of them has to find room at once.
  private static func copyRingBytes(_ options: SamplerOptions, cpus: Int) -> Int {
    if let bytes = options.copyRingBytes { return bytes }
    let wanted = options.frequency * cpus * options.stackBytes / 10
    var bytes = 2 << 20
    while bytes < wanted && bytes < 8 << 20 { bytes *= 2 }
    return bytes
  }

  private static func controllerNumber(_ group: ControlGroup) throws -> CInt {
    guard let controller = group.controller else { return -1 }
    guard
      let number = KernelTypes.enumerator("\(controller)_cgrp_id", of: "cgroup_subsys_id")
    else { throw ControlGroup.Failure.noController(group.path) }
    return CInt(number)
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
    for cpu in machine.onlineCPUs() {
      let trigger = try PerfEvent.sampling(
        options.trigger, frequency: options.frequency, cpu: cpu)
      try object.attach(program: "sample_on_cpu", toPerfEvent: trigger.descriptor)
      triggers.append(trigger)
    }
    triggers.forEach { $0.enable() }
  }

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
    try ring.wait(or: copyRing, timeout: timeout)
    let settled = Clock.monotonic() &- Self.settlingNanoseconds
    let before = Clock.threadCPU()
    try drain()
    foldingNanoseconds &+= Clock.threadCPU() &- before
    // Without samples nothing else reads the events, and their ring is bounded.
    inbox.advance(to: settled)
    unwinding.release(processes.takeRetired())
    if folder.stackEpoch != control.stack_epoch { try tellKernel() }
  }

  private func tellKernel() throws {
    control.stack_epoch = folder.stackEpoch
    control.window = folder.window.number
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
    unwinding.tables.stop()
    // No more is coming, so this ends with the rings' contents.
    inbox.turnEnd = UInt64.max
    while try !drain() {}
    folder.window.end()
    let open = [folder.takeClosing(), folder.window].compactMap(\.self)
    for window in open { try finish(window) }
    return open
  }

  /// How long the kernel's side has run so far, in nanoseconds; nil where that cannot be read.
  ///
  /// The kernel measures all programs where it lets us ask; else it is what the program that takes
  /// the samples has measured of itself.
  package var kernelNanoseconds: UInt64? {
    if statistics != nil { return object.runTimeNanoseconds() }
    return try? object.counters(map: "counters", count: Self.counterCount)[
      Int(COUNTER_RUN_NS.rawValue)]
  }

  /// CPU time that folding samples has taken so far, in nanoseconds: what grows with the frequency.
  package private(set) var foldingNanoseconds: UInt64 = 0

  /// CPU time that building unwind tables has taken so far, in nanoseconds: what comes once.
  package var buildingNanoseconds: UInt64 { unwinding.tables.buildingNanoseconds }

  /// Bytes of kernel memory that our maps take.
  package var mapBytes: Int { fixedMapBytes + unwinding.grownKernelBytes }

  /// Samples by the kernel's own count, of all windows.
  package var taken: UInt64 {
    let counters = try? object.counters(map: "counters", count: Self.counterCount)
    guard let counters else { return 0 }
    return (0..<2).reduce(0) { $0 &+ WindowCounts(counters, parity: $1).taken }
  }

  private static let counterCount = Int(COUNTER_COUNT.rawValue) * Int(COUNTER_WINDOWS)

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
  /// of the one before arrive after its end: see `takeClosedWindow`. A window must be closed before
  /// the next can end.
  ///
  /// - Parameter frequency: samples a second on each CPU, from now on; nil for as many as before.
  /// - Returns: false, and does nothing, while the window before is still open.
  /// - Throws: what the kernel refused.
  @discardableResult
  package func beginWindow(frequency: Int? = nil) throws -> Bool {
    guard folder.closing == nil else { return false }
    let isNews = frequency != nil && frequency != self.frequency
    if let frequency { self.frequency = frequency }
    folder.beginWindow(frequency: self.frequency)
    try tellKernel()
    if isNews { for trigger in triggers { try trigger.setFrequency(self.frequency) } }
    closingTime = Clock.monotonic() &+ Self.settlingNanoseconds
    return true
  }

  /// The window that ended, once all of its samples have arrived; nil until then.
  package func takeClosedWindow() throws -> SampleWindow? {
    guard folder.closing != nil, inbox.foldedUntil >= closingTime,
      let window = folder.takeClosing()
    else { return nil }
    try finish(window)
    return window
  }

  /// Closes the ledger of a window of which no more samples come.
  private func finish(_ window: SampleWindow) throws {
    let counters = try object.counters(map: "counters", count: Self.counterCount)
    targetsLost = counters[Int(COUNTER_TARGETS_FULL.rawValue)]
    let parity = window.isOdd ? 1 : 0
    let counts = WindowCounts(counters, parity: parity)
    let before = counted[parity]
    counted[parity] = counts
    window.finish(
      taken: counts.taken &- before.taken,
      dropped: [
        .ringFull: counts.ringFull &- before.ringFull,
        .noScratchMemory: counts.noScratch &- before.noScratch,
      ])
  }
}

/// What the kernel has counted of all windows with an even, or an odd, number.
private struct WindowCounts {
  var taken: UInt64 = 0
  var ringFull: UInt64 = 0
  var noScratch: UInt64 = 0
}

extension WindowCounts {
  init(_ counters: [UInt64], parity: Int) {
    func count(_ counter: counter) -> UInt64 {
      counters[Int(counter.rawValue) + parity * Int(COUNTER_COUNT.rawValue)]
    }
    taken = count(COUNTER_TAKEN)
    ringFull = count(COUNTER_RING_FULL)
    noScratch = count(COUNTER_NO_SCRATCH)
  }
}

extension SampleTarget {
  fileprivate var followsChildren: Bool {
    if case .processes = self { true } else { false }
  }
}
