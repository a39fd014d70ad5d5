import BPFObjects
import BPFRuntime
import BPFShared
package import LinuxHost
import PerfEvents
import ProfileModel

/// Loads, attaches and runs for a moment what sampling needs of the kernel.
package enum SamplingTrials {
  /// How often a sample is taken to see that some come, and how long they may be waited for.
  private static let frequency = 999
  private static let waitingNanoseconds: UInt64 = 1_000_000_000

  package static func all(roots: HostRoots) -> [Feature: FeatureTrial] {
    let machine = Machine(roots: roots)
    func trial(_ body: @escaping @Sendable () throws -> Void) -> FeatureTrial {
      Self.trial(roots: roots, body)
    }
    var trials: [Feature: FeatureTrial] = [
      .sampling: trial { try takeSample(machine) },
      .processLifetimes: trial { try attach(["follow_child", "forget_process"], machine) },
      .processTargets: trial { try attach(["mark_ended"], machine) },
      .processEvents: trial { _ = try ProcessEventStream(cpus: machine.onlineCPUs()) },
      .cycleCounter: trial {
        guard SampleTrigger.best(cpu: machine.onlineCPUs().first ?? 0) == .cpuCycles else {
          throw NoCounter()
        }
      },
    ]
    for shape in SpanProbe.shapes {
      trials[shape.feature] = trial { try takeSpan(shape, machine) }
    }
    trials[.allocations] = trial { try watchAllocations(machine) }
    return trials
  }

  /// What a trial is that does something.
  package static func trial(
    roots: HostRoots, _ body: @escaping @Sendable () throws -> Void
  ) -> FeatureTrial {
    let mayLoad = Capability.effective(roots: roots).isSuperset(of: [.bpf, .perfmon])
    return {
      do {
        try body()
        return nil
      } catch {
        return problem(error, isPrivileged: mayLoad)
      }
    }
  }

  /// Puts probes into this process's own allocator, and has it used.
  private static func watchAllocations(_ machine: Machine) throws {
    _ = try AllocationProbe(AllocationOptions(pid: Processes.own), roots: machine.roots) { object in
      try Sampler.configure(object, SamplerOptions(), machine, countsRuns: true)
      try Sampler.spare(object)
    }
  }

  private static let programs = ["sample_on_cpu", "follow_child", "forget_process", "mark_ended"]

  /// Loads some of the programs without the others, and attaches them.
  private static func attach(_ wanted: [String], _ machine: Machine) throws {
    let opened = try OpenedObject(.sampler)
    try opened.resize(map: "scratches", to: machine.possibleCPUCount())
    for program in programs where !wanted.contains(program) { try opened.skip(program: program) }
    var object = try opened.load()
    for program in wanted { try object.attach(program: program) }
  }

  /// Loads the program, and has it run until the kernel's side has counted a sample.
  private static func takeSample(_ machine: Machine) throws {
    var options = SamplerOptions()
    options.frequency = frequency
    let opened = try Sampler.open(options, machine, countsRuns: true)
    for program in ["follow_child", "forget_process"] { try opened.skip(program: program) }
    var object = try opened.load()
    var triggers: [PerfEvent] = []
    for cpu in machine.onlineCPUs() {
      let trigger = try PerfEvent.sampling(.cpuClock, frequency: frequency, cpu: cpu)
      try object.attach(program: "sample_on_cpu", toPerfEvent: trigger.descriptor)
      triggers.append(trigger)
    }
    triggers.forEach { $0.enable() }
    defer { triggers.forEach { $0.disable() } }
    let end = Clock.monotonic() &+ waitingNanoseconds
    // We wait at work, so that there is somebody to be sampled.
    while try count(COUNTER_TAKEN, of: [SAMPLE_CPU], in: object) == 0 {
      guard Clock.monotonic() < end else { throw NoSample() }
    }
  }

  /// Loads and attaches the programs of an object, and does what they watch until they have counted it.
  private static func takeSpan(_ shape: SpanProbe.Shape, _ machine: Machine) throws {
    let opened = try OpenedObject(shape.object)
    try Sampler.configure(opened, SamplerOptions(), machine, countsRuns: true)
    if shape.feature == .waits { try opened.resize(map: "threads", to: threadsTried) }
    var object = try opened.load()
    for program in shape.programs { try object.attach(program: program) }
    // Nothing is written to a disk to try that.
    if shape.feature == .blockIO { return }
    let end = Clock.monotonic() &+ waitingNanoseconds
    while try count(COUNTER_SPANS, of: shape.kinds, in: object) == 0 {
      guard Clock.monotonic() < end else { throw NoSample() }
      // A call, a wait, and memory that was never used.
      Clock.pause()
      Heap.touchNewPages()
    }
  }

  private static let threadsTried = 1_024

  private static func count(
    _ counter: counter, of kinds: [sample_kind], in object: borrowing LoadedObject
  ) throws -> UInt64 {
    let counters = try SampleCounters(of: object)
    return kinds.reduce(0) { $0 &+ counters.total(counter, of: $1) }
  }

  private struct NoSample: Error {}
  private struct NoCounter: Error {}

  /// Why something fails, and what helps.
  ///
  /// - Parameters:
  ///   - error: what was thrown.
  ///   - isPrivileged: we have the rights that it takes.
  /// - Returns: what people can use.
  package static func problem(_ error: any Error, isPrivileged: Bool = false) -> FeatureProblem {
    switch error {
    case let error as BPFError:
      problem(error.reason, error.hint, isRefusal: isPrivileged && error.isRefusal)
    case let error as PerfError:
      problem(error.reason, error.hint, isRefusal: isPrivileged && error.isRefusal)
    case is NoCounter:
      FeatureProblem(
        cause: "the processor's counters cannot be used",
        remedy: "on a virtual machine, have its host pass them through (a virtual PMU)")
    case is NoSample: problem("the program runs, but the kernel takes no samples", nil)
    default: problem("\(error)", nil)
    }
  }

  /// `isRefusal`: we have the rights, and the kernel refuses all the same.
  private static func problem(_ cause: String, _ hint: String?, isRefusal: Bool = false)
    -> FeatureProblem
  {
    let refusal =
      "allow bpf and perf_event_open: a seccomp filter, a security module or the kernel's lockdown "
      + "forbids them"
    return FeatureProblem(
      cause: cause,
      remedy: isRefusal ? refusal : hint ?? "see what the kernel says about it: dmesg")
  }
}
