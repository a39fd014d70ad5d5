import ProfileModel

/// A profile in which each sample is one exemplar, in the order in which they are added.
struct ExemplarProfile {
  private(set) var profile: Profile
  private var functions: [LatencyFrame: UInt32] = [:]
  private var threads: [ThreadIdentity: UInt32] = [:]

  init(facts: ProfileFacts) {
    profile = Profile(sampleType: SampleType(name: "latency", unit: "nanoseconds"), period: 1)
    profile.facts = facts
  }

  mutating func add(_ exemplar: LatencyExemplar) {
    let stack = profile.stacks.intern(exemplar.stack.map { number(of: $0) })
    let thread = number(
      of: ThreadIdentity(
        pid: exemplar.pid, tid: exemplar.tid, process: profile.strings.intern(exemplar.process),
        thread: profile.strings.intern(exemplar.thread)))
    profile.samples.append(
      Sample(
        stack: stack, thread: thread, incomplete: exemplar.incomplete, count: 1,
        value: exemplar.value))
    profile.ledger.taken += 1
    profile.ledger.deliver(exemplar.incomplete)
  }

  /// The number of a frame's location; a function has one location.
  private mutating func number(of frame: LatencyFrame) -> UInt32 {
    if let known = functions[frame] { return known }
    let number = UInt32(profile.functions.count)
    functions[frame] = number
    profile.functions.append(
      Function(
        name: profile.strings.intern(frame.name),
        fullName: frame.fullName.isEmpty ? nil : profile.strings.intern(frame.fullName),
        module: profile.strings.intern(frame.module), kind: frame.kind))
    profile.locations.append(Location(mapping: nil, offset: UInt64(number), function: number))
    return number
  }

  private mutating func number(of thread: ThreadIdentity) -> UInt32 {
    if let known = threads[thread] { return known }
    let number = UInt32(profile.threads.count)
    threads[thread] = number
    profile.threads.append(thread)
    return number
  }
}
