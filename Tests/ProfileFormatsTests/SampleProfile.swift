import ProfileModel

/// A small profile with one of everything: kernel, JIT and unknown code, two processes that share
/// a file, an incomplete stack, recursion.
func sampleProfile() -> Profile {
  var profile = Profile(sampleType: .cpu, period: 10_000_000)
  profile.facts.host = "test-host"
  profile.facts.event = "cpu-clock"
  profile.facts.frequency = 100
  profile.facts.onlineCPUs = 2
  profile.facts.startUnixNanoseconds = 1_700_000_000_000_000_000
  profile.facts.durationNanoseconds = 10_000_000_000
  profile.facts.command = "wick record -o x.pb.gz"
  let program = profile.mapping(
    "/usr/bin/prog", start: 0x55_0000_1000, end: 0x55_0000_5000, at: 0x1000)
  profile.mappings[Int(program)].buildID = profile.strings.intern("0123abcd")
  let kernel = profile.mapping("[kernel]", start: 0, end: 0, at: 0)
  let memory = profile.mapping("[jit]", start: 0, end: 0, at: 0)
  let main = profile.location(program, 0x1100, "main", module: "prog")
  let work = profile.location(program, 0x1200, "ns::work", system: "_ZN2ns4workEv", module: "prog")
  let workAgain = profile.location(
    program, 0x1210, "ns::work", system: "_ZN2ns4workEv", module: "prog")
  let unknown = profile.location(program, 0x1f00, "[prog+0x1f00]", module: "prog")
  let syscall = profile.location(
    kernel, 0xffff_ffff_8100_0010, "do_syscall_64", module: "[kernel]", kind: .kernel)
  let script = profile.location(memory, 0x7000_0000, "LazyCompile:~f", module: "[jit]", kind: .jit)
  let first = profile.thread(pid: 10, tid: 10, "prog", "prog")
  let second = profile.thread(pid: 10, tid: 11, "prog", "worker")
  let other = profile.thread(pid: 20, tid: 20, "my app", "my app")
  profile.add([work, main], first, 70)
  profile.add([syscall, work, workAgain, main], second, 20)
  profile.add([unknown], first, 3, .noUnwindInfo)
  profile.add([script, main], other, 6)
  profile.add([], other, 1, .stackUnreadable)
  profile.ledger.taken = 102
  profile.ledger.drop(.ringFull, count: 2)
  return profile
}

extension Profile {
  mutating func mapping(_ path: String, start: UInt64, end: UInt64, at offset: UInt64) -> UInt32 {
    mappings.append(
      Mapping(path: strings.intern(path), start: start, end: end, fileOffset: offset))
    return UInt32(mappings.count - 1)
  }

  mutating func location(
    _ mapping: UInt32?, _ offset: UInt64, _ name: String, system: String? = nil,
    module: String = "", kind: FrameKind = .native
  ) -> UInt32 {
    let function = Function(
      name: strings.intern(name), systemName: system.map { strings.intern($0) },
      module: strings.intern(module), kind: kind)
    var number = functions.firstIndex(of: function)
    if number == nil {
      functions.append(function)
      number = functions.count - 1
    }
    locations.append(
      Location(mapping: mapping, offset: offset, function: number.map { UInt32($0) }))
    return UInt32(locations.count - 1)
  }

  mutating func thread(pid: UInt32, tid: UInt32, _ process: String, _ thread: String) -> UInt32 {
    threads.append(
      ThreadIdentity(
        pid: pid, tid: tid, process: strings.intern(process), thread: strings.intern(thread)))
    return UInt32(threads.count - 1)
  }

  mutating func add(
    _ stack: [UInt32], _ thread: UInt32, _ count: UInt64, _ incomplete: IncompleteReason? = nil
  ) {
    samples.append(
      Sample(
        stack: stacks.intern(stack), thread: thread, incomplete: incomplete, count: count,
        value: count * period))
    ledger.deliver(incomplete, count: count)
  }
}
