import Foundation
import LinuxHost
import ProfileModel
import Testing

@testable import Sampling

/// What a process allocates, with the probes of new kernels and with those of old ones.
@Suite(.serialized) struct AllocationTests {
  /// Makes a thousand blocks of a million bytes when it is told to, and keeps ten of them.
  private static let script = """
    import signal, sys
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    print("ready", flush=True)
    signal.sigwait({signal.SIGUSR1})
    kept = []
    for i in range(1000):
        block = bytearray(1000000)
        if i % 100 == 0:
            kept.append(block)
    block = None
    print("done", flush=True)
    signal.pause()
    """

  private final class Program {
    let process = Process()
    private let output = Pipe()

    init() throws {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["python3", "-c", AllocationTests.script]
      process.standardOutput = output
      try process.run()
      #expect(output.fileHandleForReading.availableData.starts(with: "ready".utf8))
    }

    deinit {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }

    var pid: UInt32 { UInt32(process.processIdentifier) }

    func work(while wait: () throws -> Void) throws {
      kill(process.processIdentifier, SIGUSR1)
      let isDone = DispatchSemaphore(value: 0)
      output.fileHandleForReading.readabilityHandler = { handle in
        if handle.availableData.starts(with: "done".utf8) { isDone.signal() }
      }
      defer { output.fileHandleForReading.readabilityHandler = nil }
      let end = ContinuousClock.now + .seconds(20)
      while isDone.wait(timeout: .now()) == .timedOut {
        try #require(ContinuousClock.now < end)
        try wait()
      }
      try wait()
    }
  }

  @Test(arguments: [true, false]) func largeBlocksAreCountedExactly(withSessions: Bool) throws {
    let program = try Program()
    var options = SamplerOptions()
    options.target = .processes([program.pid])
    options.events = [.allocations]
    var allocations = AllocationOptions(pid: program.pid)
    allocations.holds = true
    allocations.usesSessions = withSessions
    options.allocations = allocations
    let sampler = try Sampler(
      options: options, roots: HostRoots(), profile: Profile(sampleType: .cpu, period: 1))
    try sampler.forecastAllocations()
    let forecast = try #require(sampler.allocationForecast)
    #expect(forecast.period == AllocationOptions.finestPeriod)
    #expect(forecast.callsPerSecond < 1_000 && forecast.processors < 0.01)
    try sampler.start()
    try program.work { try sampler.poll(timeout: .milliseconds(20)) }
    let windows = try sampler.stop()
    let window = try #require(windows.last)
    #expect(window.profile.ledger.isBalanced)
    let total = window.profile.samples.reduce(0) { $0 + $1.value }
    // Python asks for the size of the object and a byte more.
    #expect(total >= 1_000_000_000 && total < 1_010_000_000, "\(total)")
    let counts = try #require(sampler.allocationCounts)
    #expect(counts.bytes >= 1_000_000_000 && counts.bytes < 1_010_000_000)
    let profile = try sampler.heldProfile(of: window)
    let held = try #require(profile)
    #expect(held.ledger.isBalanced && held.sampleType == .held)
    let kept = held.samples.reduce(0) { $0 + $1.value }
    #expect(kept >= 10_000_000 && kept < 11_000_000, "\(kept)")
  }

  @Test func aPeriodSuitsTheRate() {
    #expect(AllocationOptions.period(bytesPerSecond: 0) == 64 << 10)
    #expect(AllocationOptions.period(bytesPerSecond: 100_000_000) == 64 << 10)
    #expect(AllocationOptions.period(bytesPerSecond: 2_000_000_000) == 1 << 20)
    #expect(
      AllocationOptions.period(bytesPerSecond: .greatestFiniteMagnitude)
        == AllocationOptions.periodLimit)
  }
}
