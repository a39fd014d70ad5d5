import Foundation
import LinuxHost
import ProfileModel
import Sampling
import Testing

/// The sampler on the real kernel.
@Suite(.serialized) struct SamplerTests {
  private static let own = UInt32(getpid())

  private static func sampler(_ configure: (inout SamplerOptions) -> Void) throws -> Sampler {
    var options = SamplerOptions()
    options.frequency = 999
    options.target = .processes([own])
    configure(&options)
    return try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
  }

  /// Burns CPU time.
  private static func spin(seconds: Double) {
    let end = Clock.monotonic() + UInt64(seconds * 1_000_000_000)
    while Clock.monotonic() < end {}
  }

  /// A program that burns CPU time until its owner is gone.
  private final class Spinner {
    let process = Process()

    init() throws {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "while :; do :; done"]
      try process.run()
    }

    deinit {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }

    var pid: UInt32 { UInt32(process.processIdentifier) }
  }

  private static func record(_ sampler: Sampler, for duration: Duration) throws -> Profile {
    try sampler.start()
    let clock = ContinuousClock()
    let end = clock.now + duration
    while clock.now < end { try sampler.poll(timeout: .milliseconds(20)) }
    try sampler.stop()
    return sampler.folder.windows[0].profile
  }

  private static func processes(of profile: Profile) -> Set<UInt32> {
    Set(profile.samples.map { profile.threads[Int($0.thread)].pid })
  }

  private static func check(_ profile: Profile) {
    #expect(profile.ledger.isBalanced)
    let counted = profile.samples.reduce(0) { $0 + $1.count }
    #expect(counted == profile.ledger.complete + profile.ledger.partialTotal)
    #expect(profile.samples.allSatisfy { $0.value == $0.count * profile.period })
  }

  @Test func aBusyThreadIsSampledAndTheLedgerBalances() throws {
    // Nobody reads the rings meanwhile, so all stacks are copied and have to find room.
    let sampler = try Self.sampler { $0.copyRingBytes = 32 << 20 }
    try sampler.start()
    Self.spin(seconds: 0.3)
    try sampler.stop()
    let profile = sampler.folder.windows[0].profile
    Self.check(profile)
    // 999 Hz for 0.3 s of one thread would be 300, but others use the machine too.
    #expect(profile.ledger.taken > 10)
    // Other tests start programs meanwhile, which are children of this process.
    #expect(Self.processes(of: profile).contains(Self.own))
    #expect(profile.ledger.dropped.isEmpty)
    #expect(profile.ledger.coverage > 0.9)
    #expect(sampler.folder.windows[0].origins.count == profile.mappings.count)
    #expect(try #require(sampler.kernelNanoseconds) > 0)
  }

  @Test func aRingThatIsFullIsCounted() throws {
    let sampler = try Self.sampler { options in
      options.ringBytes = 16_384
      options.copyRingBytes = 65_536
      options.frequency = 2_000
    }
    try sampler.start()
    Self.spin(seconds: 0.5)
    try sampler.stop()
    let profile = sampler.folder.windows[0].profile
    Self.check(profile)
    let lost = profile.ledger.dropped[.ringFull] ?? 0
    #expect(lost > 0)
    #expect(profile.ledger.complete + profile.ledger.partialTotal > 0)
    #expect(profile.ledger.droppedTotal == lost)
  }

  @Test func onlyTheNamedProcessIsSampled() throws {
    let spinner = try Spinner()
    let other = try Spinner()
    let profile = try Self.record(
      try Self.sampler { $0.target = .processes([spinner.pid]) }, for: .milliseconds(400))
    Self.check(profile)
    #expect(profile.ledger.taken > 5)
    #expect(Self.processes(of: profile) == [spinner.pid])
    #expect(other.process.isRunning)
  }

  @Test func childrenOfTheNamedProcessAreSampledToo() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "read x; (while :; do :; done) & child=$!; sleep 0.5; kill -KILL $child",
    ]
    let input = Pipe()
    process.standardInput = input
    let sampler = try Self.sampler { $0.target = .processes([]) }
    try process.run()
    let pid = UInt32(process.processIdentifier)
    try sampler.start()
    try sampler.add(target: pid)
    #expect(sampler.hasTargets)
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    let end = ContinuousClock().now + .seconds(20)
    while sampler.hasTargets, ContinuousClock().now < end {
      try sampler.poll(timeout: .milliseconds(20))
    }
    #expect(!sampler.hasTargets)
    try sampler.stop()
    process.waitUntilExit()
    let profile = sampler.folder.windows[0].profile
    Self.check(profile)
    let names = Set(
      profile.samples.map { profile.strings[profile.threads[Int($0.thread)].process] })
    #expect(names.isSubset(of: ["sh", "sleep"]))
    #expect(!Self.processes(of: profile).subtracting([pid]).isEmpty)
    #expect(profile.ledger.taken > 10)
  }

  @Test(arguments: ["cpu", "unified"])
  func onlyMembersOfTheNamedCgroupAreSampled(_ hierarchy: String) throws {
    let path = "/sys/fs/cgroup/\(hierarchy)/wick-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path + "/below", withIntermediateDirectories: true)
    defer {
      for folder in [path + "/below", path] { _ = unsafe rmdir(folder) }
    }
    let inside = try Spinner()
    let outside = try Spinner()
    // A member of a group below is one of the group above.
    try "\(inside.pid)".write(
      toFile: path + "/below/cgroup.procs", atomically: false, encoding: .utf8)
    let group = try ControlGroup(path, roots: HostRoots())
    let profile = try Self.record(
      try Self.sampler { $0.target = .cgroup(group) }, for: .milliseconds(400))
    Self.check(profile)
    #expect(profile.ledger.taken > 5)
    #expect(Self.processes(of: profile) == [inside.pid])
    #expect(outside.process.isRunning)
    kill(inside.process.processIdentifier, SIGKILL)
    inside.process.waitUntilExit()
  }

  @Test func sidesThatAreNotWantedAreLeftOut() throws {
    let spinner = try Spinner()
    for (kernel, user) in [(false, true), (true, false)] {
      let sampler = try Self.sampler { options in
        options.target = .processes([spinner.pid])
        options.wantsKernelFrames = kernel
        options.wantsUserFrames = user
      }
      let profile = try Self.record(sampler, for: .milliseconds(200))
      Self.check(profile)
      #expect(profile.ledger.taken > 0)
      let paths = Set(profile.mappings.map { profile.strings[$0.path] })
      if !kernel { #expect(!paths.contains("[kernel]")) }
      if !user { #expect(paths.isSubset(of: ["[kernel]"])) }
    }
  }

  @Test func aTargetThatEndsIsNoError() throws {
    var spinner: Spinner? = try Spinner()
    let pid = try #require(spinner?.pid)
    let sampler = try Self.sampler { $0.target = .processes([pid]) }
    try sampler.start()
    try sampler.poll(timeout: .milliseconds(100))
    #expect(sampler.hasTargets)
    spinner = nil
    #expect(!sampler.hasTargets)
    try sampler.stop()
    Self.check(sampler.folder.windows[0].profile)
  }

  @Test func aTargetThatEndedBeforeTheStartIsNoTarget() throws {
    var spinner: Spinner? = try Spinner()
    let pid = try #require(spinner?.pid)
    let sampler = try Self.sampler { $0.target = .processes([pid]) }
    spinner = nil
    try sampler.start()
    #expect(!sampler.hasTargets)
    try sampler.stop()
    Self.check(sampler.folder.windows[0].profile)
  }
}
