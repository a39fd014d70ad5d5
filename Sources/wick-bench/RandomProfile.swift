import ProfileModel

/// Makes profiles whose names, stacks and mappings are whatever chance gives.
struct RandomProfile {
  /// Small, fast and the same everywhere.
  ///
  /// - Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators (SplitMix64).
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }

  var generator: Generator

  init(seed: UInt64) { generator = Generator(state: seed) }

  private mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &generator)
  }

  /// The bytes of a request; small ones make many.
  mutating func limit() -> Int { [128 << 10, 300 << 10, 4 << 20][number(0...2)] }

  /// Any bytes, text mostly; never the suffix of a kind of frame, nor empty.
  private mutating func name() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<number(1...40) {
      switch number(0...9) {
      case 0: bytes.append(UInt8(number(1...255)))
      case 1: bytes += "é→𝛑".utf8
      default: bytes.append(UInt8(number(0x30...0x7a)))
      }
    }
    return bytes + "z".utf8
  }

  mutating func profile() -> Profile {
    var profile = Profile(sampleType: .cpu, period: 10_101_010)
    profile.facts.startUnixNanoseconds = 1_795_262_400_000_000_000
    profile.facts.durationNanoseconds = 10_000_000_000
    addCode(to: &profile)
    for tid in 1...number(1...20) {
      let process = profile.strings.intern(Array(name().prefix(15)))
      let thread = profile.strings.intern(Array(name().prefix(15)))
      profile.threads.append(
        ThreadIdentity(pid: 7, tid: UInt32(tid), process: process, thread: thread))
    }
    for _ in 0..<number(0...800) { addSample(to: &profile) }
    return profile
  }

  private mutating func addCode(to profile: inout Profile) {
    let paths = ["/usr/bin/prog", "/usr/lib/libc.so.6", "[vdso]", "[kernel]", "[jit]"]
    for path in paths {
      let start = UInt64(number(1...0x7fff)) << 32
      profile.mappings.append(
        Mapping(
          path: profile.strings.intern(path), buildID: profile.strings.intern("\(number(10...99))"),
          start: start, end: start + 0x10_0000, fileOffset: UInt64(number(0...16)) << 12))
    }
    let kinds: [FrameKind] = [.native, .native, .native, .kernel, .jit]
    for _ in 0..<number(1...300) {
      let mapping = number(0...4)
      var function: UInt32?
      if number(0...5) > 0 {
        function = UInt32(profile.functions.count)
        let kind: FrameKind = mapping == 0 && number(0...3) == 0 ? .interpreted : kinds[mapping]
        let text = profile.strings.intern(name())
        profile.functions.append(
          Function(
            name: text, systemName: profile.strings.intern(name()), module: .empty, kind: kind))
      }
      let offset = UInt64(number(0x1_0000...0x9_0000)) + (mapping > 2 ? 0xffff_ffff_8000_0000 : 0)
      // Two places in one profile are never the same.
      let location = Location(mapping: UInt32(mapping), offset: offset, function: function)
      if !profile.locations.contains(where: { $0.offset == offset }) {
        profile.locations.append(location)
      }
    }
  }

  private mutating func addSample(to profile: inout Profile) {
    var stack: [UInt32] = []
    for _ in 0..<number(0...120) {
      stack.append(UInt32(number(0...(profile.locations.count - 1))))
    }
    let reasons = IncompleteReason.allCases
    let count = UInt64(number(1...1_000))
    profile.samples.append(
      Sample(
        stack: profile.stacks.intern(stack),
        thread: UInt32(number(0...(profile.threads.count - 1))),
        incomplete: number(0...9) == 0 ? reasons[number(0...(reasons.count - 1))] : nil,
        count: count, value: count * profile.period))
  }
}
