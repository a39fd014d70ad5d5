import ProfileModel
import Testing

@Suite struct ProfileDivisionTests {
  /// Three threads of two processes; the second process shares a stack with the first.
  private func profile() -> Profile {
    var profile = Profile(sampleType: .cpu, period: 10)
    for name in ["app", "lib", "kernel"] {
      profile.mappings.append(Mapping(path: profile.strings.intern("/bin/\(name)")))
    }
    for (index, name) in ["main", "work", "read", "idle"].enumerated() {
      profile.functions.append(Function(name: profile.strings.intern(name), kind: .native))
      profile.locations.append(
        Location(
          mapping: index < 3 ? UInt32(index) : nil, offset: UInt64(index), function: UInt32(index)))
    }
    for (pid, tid) in [(1, 1), (1, 2), (7, 7)] as [(UInt32, UInt32)] {
      profile.threads.append(
        ThreadIdentity(
          pid: pid, tid: tid, process: profile.strings.intern("p\(pid)"),
          thread: profile.strings.intern("t\(tid)")))
    }
    let short = profile.stacks.intern([1, 0])
    let long = profile.stacks.intern([2, 1, 0])
    let other = profile.stacks.intern([3])
    profile.samples = [
      Sample(stack: short, thread: 0, count: 3, value: 30),
      Sample(stack: long, thread: 1, incomplete: .noMapping, count: 2, value: 20),
      Sample(stack: short, thread: 2, count: 4, value: 40),
      Sample(stack: other, thread: 2, count: 1, value: 10),
    ]
    profile.ledger.taken = 12
    profile.ledger.complete = 8
    profile.ledger.partial = [.noMapping: 2]
    profile.ledger.drop(.ringFull, count: 2)
    return profile
  }

  /// Each sample as text, root first.
  private func folded(_ profile: Profile) -> [String] {
    profile.samples.map { sample in
      let thread = profile.threads[Int(sample.thread)]
      let frames = profile.stacks[sample.stack].reversed().map { location in
        let name = profile.function(atLocation: location).map { profile.strings[$0.name] } ?? "?"
        let mapping = profile.locations[Int(location)].mapping
        let path = mapping.map { profile.strings[profile.mappings[Int($0)].path] } ?? ""
        return name + "@" + path
      }
      let owner = "\(profile.strings[thread.process])/\(profile.strings[thread.thread])"
      return "\(owner);\(frames.joined(separator: ";")) \(sample.count) \(sample.value)"
    }
  }

  @Test func thePartsHoldAllSamplesWithTheirNames() throws {
    let whole = profile()
    let parts = ProfileDivision(whole) { Int($0.pid) }.parts
    #expect(Set(parts.keys) == [1, 7])
    #expect(folded(try #require(parts[1])) + folded(try #require(parts[7])) == folded(whole))
  }

  @Test func thePartsHaveLedgersOfTheirOwnWithoutDrops() throws {
    let parts = ProfileDivision(profile()) { Int($0.pid) }.parts
    let first = try #require(parts[1]).ledger
    let second = try #require(parts[7]).ledger
    #expect(first.isBalanced && second.isBalanced)
    #expect(first.taken == 5 && first.partial == [.noMapping: 2])
    #expect(second.taken == 5 && second.complete == 5)
    #expect(first.droppedTotal == 0)
  }

  @Test func aPartHasNothingThatOnlyOthersNeed() throws {
    let part = try #require(ProfileDivision(profile()) { Int($0.pid) }.parts[7])
    #expect(part.mappings.count == 2)
    #expect(part.threads.count == 1)
    #expect(part.functions.count == 3)
  }
}
