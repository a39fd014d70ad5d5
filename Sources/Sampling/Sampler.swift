import BPFObjects
import BPFRuntime
import BPFShared
package import LinuxHost
import PerfEvents
import ProcessTracking
package import ProfileModel

/// Takes on-CPU samples and makes a profile of them.
///
/// Everything that can fail for want of privileges fails in `init`, before a sample is taken.
package final class Sampler {
  package let folder: SampleFolder
  private let options: SamplerOptions
  private let machine: Machine
  private let processes: ProcessTable
  private let events: ProcessEventStream
  private var object: LoadedObject
  private let ring: RingBuffer
  private let turn: Turn
  private var triggers: [PerfEvent] = []
  private let statistics: RunTimeStatistics?
  /// How long the kernel's side ran, in nanoseconds; nil where the kernel does not measure it.
  package private(set) var kernelNanoseconds: UInt64?

  private static let wakeupShare = 4

  package init(options: SamplerOptions, roots: HostRoots, profile: Profile) throws {
    self.options = options
    machine = Machine(roots: roots)
    processes = ProcessTable(roots: roots)
    statistics = RunTimeStatistics()
    // Events first: what changes while `/proc` is read is applied on top of what was read.
    let events = try ProcessEventStream(cpus: machine.onlineCPUs())
    self.events = events
    object = try Self.load(options, machine)
    let folder = SampleFolder(
      processes: processes, options: options, roots: roots, profile: profile)
    self.folder = folder
    let turn = Turn()
    self.turn = turn
    ring = try RingBuffer(map: "samples", in: object) { [processes] record in
      folder.add(record) { time in events.advance(to: time) { processes.apply($0) } }
      return Clock.monotonic() < turn.end
    }
    switch options.target {
    case .everything, .cgroup: processes.scan(Processes(roots: roots).all())
    case .processes(let pids): processes.scan(pids)
    }
  }

  private static func load(_ options: SamplerOptions, _ machine: Machine) throws -> LoadedObject {
    let object = try OpenedObject(.sampler)
    try object.set("stack_bytes_wanted", to: UInt32(options.stackBytes))
    try object.set("want_kernel", to: options.wantsKernelFrames)
    try object.set("want_user", to: options.wantsUserFrames)
    try object.resize(map: "scratch", to: machine.possibleCPUCount())
    let ringBytes = ringBytes(options, cpus: machine.onlineCPUs().count)
    try object.resize(map: "samples", to: ringBytes)
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
    if !options.target.followsChildren {
      try object.skip(program: "follow_child")
      try object.skip(program: "mark_ended")
      try object.skip(program: "forget_process")
    }
    return try object.load()
  }

  /// Room for half a second of samples, so that a slow file does not cost any.
  ///
  /// The ring counts twice in our resident memory, because libbpf maps it twice in a row.
  private static func ringBytes(_ options: SamplerOptions, cpus: Int) -> Int {
    if let bytes = options.ringBytes { return bytes }
    let sampleBytes = RawSample.headerBytes + options.stackBytes
    let wanted = options.frequency * cpus * sampleBytes / 2
    var bytes = 4 << 20
    while bytes < wanted && bytes < 32 << 20 { bytes *= 2 }
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
    if options.target.followsChildren {
      try object.attach(program: "follow_child")
      try object.attach(program: "mark_ended")
      try object.attach(program: "forget_process")
    }
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

  /// Waits for samples, and folds those that came.
  package func poll(timeout: Duration) throws {
    // When more samples come than can be folded, the caller still gets its turn.
    turn.end = Clock.monotonic() &+ Self.turnNanoseconds
    try ring.wait(timeout: timeout)
    let settled = Clock.monotonic() &- Self.settlingNanoseconds
    try ring.drain()
    // Without samples nothing else reads the events, and their ring is bounded.
    events.advance(to: settled) { processes.apply($0) }
  }

  private static let turnNanoseconds: UInt64 = 100_000_000
  /// No sample is older than this when it reaches the ring.
  private static let settlingNanoseconds: UInt64 = 100_000_000

  /// Stops sampling, folds what is still on its way, and closes the ledger.
  package func stop() throws {
    triggers.forEach { $0.disable() }
    // No more is coming, so this ends with the ring's contents.
    turn.end = UInt64.max
    try ring.drain()
    let counters = try object.counters(map: "counters", count: Int(COUNTER_COUNT.rawValue))
    func count(_ counter: counter) -> UInt64 { counters[Int(counter.rawValue)] }
    folder.finish(
      taken: count(COUNTER_TAKEN),
      dropped: [
        .ringFull: count(COUNTER_RING_FULL), .noScratchMemory: count(COUNTER_NO_SCRATCH),
      ])
    kernelNanoseconds = statistics == nil ? nil : object.runTimeNanoseconds()
    targetsLost = count(COUNTER_TARGETS_FULL)
  }

  /// Children that could not be followed because there were too many.
  package private(set) var targetsLost: UInt64 = 0
  /// Changes of processes that the kernel could not report.
  package var lostProcessEvents: UInt64 { processes.lostEvents }
}

/// Until when records may be folded before the caller has its turn.
private final class Turn {
  /// Nanoseconds of `CLOCK_MONOTONIC`.
  var end: UInt64 = 0
}

extension SampleTarget {
  fileprivate var followsChildren: Bool {
    if case .processes = self { true } else { false }
  }
}
