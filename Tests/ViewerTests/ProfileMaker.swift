import ProfileModel

/// Makes profiles from stacks of names, root first.
struct ProfileMaker {
  var profile: Profile
  private var functions: [Function: UInt32] = [:]
  private var threads: [ThreadIdentity: UInt32] = [:]

  init(type: SampleType = .cpu, period: UInt64 = 10_101_010) {
    profile = Profile(sampleType: type, period: period)
    profile.facts.host = "db-07"
    profile.facts.kernel = "6.18.0"
    profile.facts.architecture = "x86_64"
    profile.facts.onlineCPUs = 16
    profile.facts.event = "cpu-clock"
    profile.facts.frequency = 99
    profile.facts.startUnixNanoseconds = 1_795_000_000_000_000_000
    profile.facts.durationNanoseconds = 30_000_000_000
    profile.facts.command = "wick record -a -d 30s -o flame.html"
    profile.facts.target = "all processes"
    profile.facts.version = "0.1.0"
  }

  /// A frame as `name`, `name@module`, with `k:`, `j:`, `i:` or `w:` in front for the kind of code; in
  /// the name ` ⟶ ` parts the short from the full form.
  mutating func location(_ text: String) -> UInt32 {
    var rest = text[...]
    var kind = FrameKind.native
    for (mark, known) in [
      ("k:", FrameKind.kernel), ("j:", .jit), ("i:", .interpreted), ("w:", .synthetic),
    ] where rest.hasPrefix(mark) {
      kind = known
      rest = rest.dropFirst(2)
    }
    let parts = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts[0].split(separator: " ⟶ ", omittingEmptySubsequences: false)
    let function = Function(
      name: profile.strings.intern(String(names[0])),
      fullName: names.count > 1 ? profile.strings.intern(String(names[1])) : nil,
      module: profile.strings.intern(parts.count > 1 ? String(parts[1]) : ""), kind: kind)
    if let known = functions[function] { return known }
    let number = UInt32(profile.functions.count)
    functions[function] = number
    profile.functions.append(function)
    profile.locations.append(Location(mapping: nil, offset: UInt64(number), function: number))
    return number
  }

  mutating func thread(_ process: String, pid: UInt32, name: String, tid: UInt32) -> UInt32 {
    let thread = ThreadIdentity(
      pid: pid, tid: tid, process: profile.strings.intern(process),
      thread: profile.strings.intern(name))
    if let known = threads[thread] { return known }
    let number = UInt32(profile.threads.count)
    threads[thread] = number
    profile.threads.append(thread)
    return number
  }

  mutating func add(
    _ stack: [String], process: String = "app", pid: UInt32 = 100, thread name: String? = nil,
    tid: UInt32? = nil, incomplete: IncompleteReason? = nil, count: UInt64, value: UInt64? = nil
  ) {
    let locations = Array(stack.map { location($0) }.reversed())
    add(
      locations, thread: thread(process, pid: pid, name: name ?? process, tid: tid ?? pid),
      incomplete: incomplete, count: count, value: value)
  }

  /// Adds a stack of location numbers, leaf first.
  mutating func add(
    _ locations: [UInt32], thread: UInt32, incomplete: IncompleteReason? = nil, count: UInt64,
    value: UInt64? = nil
  ) {
    let stack = profile.stacks.intern(locations)
    profile.samples.append(
      Sample(
        stack: stack, thread: thread, incomplete: incomplete, count: count,
        value: value ?? count * profile.period))
    profile.ledger.taken += count
    profile.ledger.deliver(incomplete, count: count)
  }

  mutating func drop(_ reason: DropReason, count: UInt64) {
    profile.ledger.taken += count
    profile.ledger.drop(reason, count: count)
  }
}
