import Foundation
import LinuxHost
import ProfileModel
import Sampling
import Testing

/// Windows of the sampler on the real kernel.
@Suite(.serialized) struct WindowTests {
  private static func sampler(
    frequency: Int, _ configure: (inout SamplerOptions) -> Void = { _ in }
  ) throws -> Sampler {
    var options = SamplerOptions()
    options.frequency = frequency
    configure(&options)
    return try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
  }

  /// Some programs that burn CPU time until they are dropped.
  private final class Load {
    private let processes: [Process]

    init(_ count: Int) throws {
      processes = try (0..<count).map { _ in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "while :; do :; done"]
        try process.run()
        return process
      }
    }

    var pids: Set<UInt32> { Set(processes.map { UInt32($0.processIdentifier) }) }

    deinit {
      for process in processes {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
    }
  }

  private static func poll(_ sampler: Sampler, for duration: Duration) throws {
    let end = ContinuousClock().now + duration
    while ContinuousClock().now < end { try sampler.poll(timeout: .milliseconds(10)) }
  }

  /// Polls until something holds, however slow the machine is.
  private static func poll(_ sampler: Sampler, until holds: () -> Bool) throws {
    let end = ContinuousClock().now + .seconds(30)
    while !holds(), ContinuousClock().now < end { try sampler.poll(timeout: .milliseconds(10)) }
  }

  /// Polls until the window that ended is whole.
  private static func closed(_ sampler: Sampler) throws -> SampleWindow {
    let end = ContinuousClock().now + .seconds(20)
    while ContinuousClock().now < end {
      try sampler.poll(timeout: .milliseconds(10))
      if let window = try sampler.takeClosedWindows().first { return window }
    }
    throw CocoaError(.userCancelled)
  }

  private static func check(_ profile: Profile) {
    #expect(profile.ledger.isBalanced)
    let counted = profile.samples.reduce(0) { $0 + $1.count }
    #expect(counted == profile.ledger.complete + profile.ledger.partialTotal)
    #expect(profile.samples.allSatisfy { $0.value == $0.count * profile.period })
  }

  @Test func theLedgerOfEachWindowBalancesWhileSamplesKeepComing() throws {
    let load = try Load(3)
    let sampler = try Self.sampler(frequency: 2_000)
    try sampler.start()
    var taken: UInt64 = 0
    for _ in 0..<8 {
      try Self.poll(sampler, for: .milliseconds(60))
      #expect(try sampler.beginWindow())
      // One must be closed before the next ends.
      #expect(try !sampler.beginWindow())
      let profile = try Self.closed(sampler).profile
      Self.check(profile)
      #expect(profile.ledger.taken > 0)
      #expect(profile.facts.durationNanoseconds > 50_000_000)
      taken += profile.ledger.taken
    }
    #expect(try sampler.beginWindow())
    let last = try sampler.stop().map(\.profile)
    #expect(last.count == 2)
    for profile in last { Self.check(profile) }
    #expect(taken > 100)
    #expect(load.pids.count == 3)
  }

  @Test func aFullRingIsCountedInItsWindow() throws {
    let load = try Load(2)
    let sampler = try Self.sampler(frequency: 4_000) { options in
      options.ringBytes = 16_384
      options.copyRingBytes = 65_536
    }
    try sampler.start()
    usleep(1_500_000)
    try sampler.beginWindow()
    let full = try Self.closed(sampler).profile
    Self.check(full)
    #expect(full.ledger.dropped[.ringFull] ?? 0 > 0)
    #expect(load.pids.count == 2)
    Self.check(try #require(try sampler.stop().last).profile)
  }

  @Test func anotherFrequencyHoldsFromTheNextWindowOn() throws {
    let load = try Load(2)
    let sampler = try Self.sampler(frequency: 1_000)
    try sampler.start()
    try Self.poll(sampler, for: .milliseconds(500))
    try sampler.beginWindow(frequency: 50)
    let fast = try Self.closed(sampler).profile
    try Self.poll(sampler, for: .milliseconds(500))
    try sampler.beginWindow()
    let slow = try Self.closed(sampler).profile
    try sampler.stop()
    Self.check(fast)
    Self.check(slow)
    #expect(fast.facts.frequency == 1_000)
    #expect(slow.facts.frequency == 50)
    #expect(slow.period == 20_000_000)
    // A machine that others use too gives fewer samples, but never ten times as few.
    let fastRate = Double(fast.ledger.taken) / Double(fast.facts.durationNanoseconds)
    let slowRate = Double(slow.ledger.taken) / Double(slow.facts.durationNanoseconds)
    #expect(slowRate < fastRate / 4)
    #expect(slowRate > 0)
    #expect(load.pids.count == 2)
  }

  @Test func aTapHoldsTheSamplesOfItsProcessesAlone() throws {
    let load = try Load(2)
    let pid = try #require(load.pids.first)
    let sampler = try Self.sampler(frequency: 999)
    try sampler.start()
    let tap = sampler.folder.openTap([pid])
    try Self.poll(sampler) { tap.delivered > 10 }
    try sampler.beginWindow()
    try Self.poll(sampler) { tap.delivered > 20 }
    sampler.folder.closeTap(tap)
    try Self.poll(sampler, for: .milliseconds(100))
    let windows = try sampler.stop()
    Self.check(tap.profile)
    #expect(Set(tap.profile.threads.map(\.pid)) == [pid])
    let ofProcess = windows.reduce(UInt64(0)) { sum, window in
      let profile = window.profile
      return sum
        + profile.samples.reduce(UInt64(0)) {
          $0 + (profile.threads[Int($1.thread)].pid == pid ? $1.count : 0)
        }
    }
    // What came after the tap was closed is in the last window alone.
    #expect(tap.delivered <= ofProcess)
    #expect(tap.delivered > 20)
  }
}
