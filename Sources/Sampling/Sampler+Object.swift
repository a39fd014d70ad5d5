import BPFObjects
package import BPFRuntime
import LinuxHost

// How the kernel's side is set up.
extension Sampler {
  /// The object with all that it is to know before it is loaded.
  static func open(_ options: SamplerOptions, _ machine: Machine, countsRuns: Bool) throws
    -> OpenedObject
  {
    let object = try OpenedObject(.sampler)
    try configure(object, options, machine, countsRuns: countsRuns)
    let cpus = machine.onlineCPUs().count
    try object.resize(map: "samples", to: ringBytes(options, cpus: cpus))
    try object.resize(map: "raw_samples", to: copyRingBytes(options, cpus: cpus))
    if case .processes = options.target {
      try object.resize(map: "targets", to: Limits.targets)
    }
    if options.events.contains(.wall) {
      try object.set("want_ran", to: true)
    }
    if SpanProbes.watchesThreads(options.events) {
      try object.resize(map: "threads", to: SpanProbes.threadLimit(machine))
    }
    if !options.target.followsChildren { try object.skip(program: "mark_ended") }
    return object
  }

  /// What all objects that take samples are told alike.
  static func configure(
    _ object: borrowing OpenedObject, _ options: SamplerOptions, _ machine: Machine,
    countsRuns: Bool
  ) throws {
    try object.set("stack_bytes_wanted", to: UInt32(options.stackBytes))
    try object.set("want_kernel", to: options.wantsKernelFrames)
    try object.set("want_user", to: options.wantsUserFrames)
    try object.set("want_copies", to: options.copiesAll)
    try object.set("hash_seed", to: options.hashSeed)
    try object.set("copy_bytes_per_second", to: UInt64(options.copyBudget))
    try object.set("copy_bytes_saved_max", to: Int64(2 * options.copyBudget))
    try object.set("counts_runs", to: countsRuns)
    try object.resize(map: "scratches", to: machine.possibleCPUCount())
    let ringBytes = ringBytes(options, cpus: machine.onlineCPUs().count)
    try object.set("wakeup_bytes", to: UInt64(ringBytes / wakeupShare))
    switch options.target {
    case .processes: try object.set("only_targets", to: true)
    case .cgroup(let group):
      try object.set("only_cgroup", to: group.id)
      try object.set("cgroup_controller", to: try controllerNumber(group))
    case .everything: break
    }
  }

  /// Maps that objects with a loan have in common with ours.
  package static var sharedMaps: [String] { SpanProbes.sharedMaps }

  /// Makes the maps small of an object that could take samples and does not.
  package static func spare(_ object: borrowing OpenedObject) throws {
    let pageBytes = 4_096
    for map in SpanProbes.sharedMaps where map != "counters" && map != "targets" {
      let isRing = map == "samples" || map == "raw_samples"
      try object.resize(map: map, to: isRing ? pageBytes : 1)
    }
  }

  private static let wakeupShare = 4

  /// Room for two seconds of samples with deep stacks that were never seen before; for one, at the
  /// greatest rate that there may be, for who samples for hours and changes its rates.
  ///
  /// The ring counts twice in our resident memory, because libbpf maps it twice in a row.
  private static func ringBytes(_ options: SamplerOptions, cpus: Int) -> Int {
    if let bytes = options.ringBytes { return bytes }
    // Stacks of slow operations are few.
    let events = options.events.filter { $0 != .exemplars }
    let hasSpans = events.isEmpty || events.contains { !$0.needsClock || $0 == .wall }
    let perSecond =
      options.mayPause
      ? max(options.frequency, greatestFrequency) * cpus + (hasSpans ? spansInDetail : 0)
      : (options.frequency + (hasSpans ? spansPerSecond : 0)) * cpus * 2
    let wanted = perSecond * deepSampleBytes
    var bytes = 1 << 20
    while bytes < wanted && bytes < 16 << 20 { bytes *= 2 }
    return bytes
  }

  private static let deepSampleBytes = 1_024
  /// Of one CPU; time, which most of them are shares of, passes once on each, but threads wait
  /// beside each other.
  private static let spansPerSecond = 1_000
  /// Of a burst, on each CPU.
  private static let greatestFrequency = 1_000
  /// Of a probe on the whole host, while somebody wants to see them in detail.
  private static let spansInDetail = 1_000

  /// The reader is woken for every copy, so that only a storm of them has to find room at once.
  private static func copyRingBytes(_ options: SamplerOptions, cpus: Int) -> Int {
    if let bytes = options.copyRingBytes { return bytes }
    let wanted = options.frequency * cpus * options.stackBytes / 10
    // Waits of new processes come in storms; only who samples for hours has to save memory.
    let hasSpans = options.events.contains { !$0.features.isEmpty } && !options.mayPause
    var bytes = hasSpans ? 8 << 20 : 2 << 20
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
}
