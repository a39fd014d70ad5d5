import BPFObjects
import Foundation
import LinuxHost
import Testing

@testable import BPFRuntime
@testable import Sampling

/// What programs cost, by pulses of the kernel's measurement, on the real kernel.
@Suite(.serialized) struct RunTimeTests {
  /// Programs that run at each system call of the host, while this thread makes them all the time.
  private static func measured(
    _ meters: [RunTimeMeter], seconds: Double, quiet: Double = 0
  ) throws -> [[ProgramRuns]] {
    let opened = try OpenedObject(.calls)
    try Sampler.spare(opened)
    var object = try opened.load()
    let times = meters.map { $0.watch(object) }
    for program in ["enter_call", "leave_call"] { try object.attach(program: program) }
    meters.forEach { $0.start() }
    let start = Clock.monotonic()
    var totals = times.map(\.nanoseconds)
    func passed() -> Double { Double(Clock.monotonic() - start) / 1e9 }
    while passed() < seconds + quiet {
      // Reading the totals must not be much of what is measured.
      if passed() < seconds { for _ in 0..<20_000 { _ = getppid() } } else { usleep(5_000) }
      meters.forEach { $0.turn() }
      let now = times.map(\.nanoseconds)
      #expect(zip(totals, now).allSatisfy { $0 <= $1 }, "a total went back")
      totals = now
    }
    object.detach()
    meters.forEach { $0.stop() }
    #expect(times.map(\.nanoseconds) == times.map(\.nanoseconds), "it runs on after its end")
    return times.map(\.programRuns)
  }

  @Test func pulsesTellWhatMeasuringAllTheTimeTells() throws {
    // Five pulses meet what else the host does; those that are forgotten are missing each time.
    var errors: [Double] = []
    while errors.count < 3, errors.last.map({ $0 >= 0.2 }) ?? true {
      errors.append(try Self.errorOfPulses())
    }
    #expect(errors.contains { $0 < 0.2 }, "\(errors)")
  }

  /// How far the estimates of pulses are off at most, as a share of the truth.
  private static func errorOfPulses() throws -> Double {
    // The one that never stops is also somebody else who has the kernel measure all the time.
    let always = try #require(RunTimeMeter(runsMeasured: .infinity))
    let pulsed = try #require(RunTimeMeter(longestShare: 0.05))
    let runs = try measured([always, pulsed], seconds: 5)
    let errors = try ["enter_call", "leave_call"].map { name in
      let truth = try #require(runs[0].first { $0.name == name })
      let estimate = try #require(runs[1].first { $0.name == name })
      #expect(truth.count > 100_000)
      let count = Double(estimate.count) / Double(truth.count)
      let nanoseconds = Double(estimate.nanoseconds) / Double(truth.nanoseconds)
      print("\(name): runs \(count), nanoseconds \(nanoseconds) of the truth")
      return max(abs(count - 1), abs(nanoseconds - 1) * 2 / 3)
    }
    return errors.max() ?? .infinity
  }

  @Test func theKernelMeasuresForAPartOfTheTimeOnly() throws {
    let meter = try #require(RunTimeMeter())
    let runs = try Self.measured([meter], seconds: 3)
    let estimate = try #require(runs[0].first { $0.name == "enter_call" })
    let measured = try #require(meter.measuredShare)
    // Far more runs than have to be measured.
    #expect(estimate.count > 1_000_000)
    #expect(measured > 0.02 && measured < 0.3)
  }

  @Test func whatRunsSeldomIsMeasuredAllTheTime() throws {
    let meter = try #require(RunTimeMeter(runsMeasured: 1e9))
    _ = try Self.measured([meter], seconds: 0.2, quiet: 1.5)
    #expect(try #require(meter.measuredShare) > 0.99)
  }

  @Test func aTotalStaysWhenItsObjectHasGone() throws {
    let meter = try #require(RunTimeMeter())
    var before: UInt64 = 0
    do {
      let opened = try OpenedObject(.calls)
      try Sampler.spare(opened)
      var object = try opened.load()
      let times = meter.watch(object)
      meter.start()
      try object.attach(program: "leave_call")
      for _ in 0..<10_000 { _ = getppid() }
      object.detach()
      times.end()
      before = times.nanoseconds
    }
    #expect(before > 0)
    #expect(meter.nanoseconds == before)
    usleep(150_000)
    meter.turn()
    #expect(meter.nanoseconds == before)
  }
}
