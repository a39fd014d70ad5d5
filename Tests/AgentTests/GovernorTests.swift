import Agent
import Testing

/// The governor against a host whose costs are known.
@Suite struct GovernorTests {
  /// A host on which a sample costs the same all the time.
  private struct Host {
    var governor: Governor
    var kernelSecondsASample: Double
    var userSecondsASample: Double
    /// Of one CPU, what everything but sampling takes.
    var rest = 0.0
    /// Of one CPU, what building tables takes.
    var building = 0.0
    var pressure: Double?
    var memoryBytes: UInt64?
    private(set) var time = 0.0
    private(set) var changes: [Int] = []
    private var reading = Governor.Reading(
      time: 0, kernelSeconds: 0, foldingSeconds: 0, buildingSeconds: 0, processSeconds: 0)

    init(
      _ frequency: Int, budget: Governor.Budget = Governor.Budget(), kernel: Double, user: Double
    ) {
      governor = Governor(frequency: frequency, cpus: 2, budget: budget)
      kernelSecondsASample = kernel
      userSecondsASample = user
    }

    var share: Double {
      (Double(governor.frequency) * 2 * (kernelSecondsASample + userSecondsASample) + rest) / 2
    }

    mutating func pass(seconds: Int) {
      for _ in 0..<seconds {
        let samples = Double(governor.frequency) * 2
        time += 1
        reading.time = time
        reading.kernelSeconds += samples * kernelSecondsASample
        reading.foldingSeconds += samples * userSecondsASample
        reading.buildingSeconds += building
        reading.processSeconds += samples * userSecondsASample + rest + building
        reading.pressure = pressure
        reading.memoryBytes = memoryBytes
        if let frequency = governor.take(reading) { changes.append(frequency) }
      }
    }
  }

  @Test func whatSpansCostDoesNotLowerTheFrequencyButTheirShare() {
    var governor = Governor(frequency: 99, cpus: 2, budget: Governor.Budget())
    #expect(governor.spanShare == 0.005)
    var reading = Governor.Reading(
      time: 0, kernelSeconds: 0, foldingSeconds: 0, buildingSeconds: 0, processSeconds: 0)
    func pass(_ seconds: Int, clock: Double, spans: Double, folding: Double, rest: Double) {
      for _ in 0..<seconds {
        reading.time += 1
        reading.kernelSeconds += clock + spans
        reading.spanKernelSeconds += spans
        reading.spanFoldingSeconds += folding
        reading.processSeconds += folding + rest
        #expect(governor.take(reading) == nil)
      }
    }
    // Of two processors: 0.1 % by the clock, 3 % by spans.
    pass(60, clock: 0.002, spans: 0.05, folding: 0.01, rest: 0)
    #expect(governor.frequency == 99 && governor.state == .normal)
    // They have folded more than they may take.
    #expect(abs(governor.spanShare - 0.001) < 1e-9)
    pass(80, clock: 0.002, spans: 0.002, folding: 0.002, rest: 0)
    #expect(abs(governor.spanShare - 0.004) < 1e-9)
    // What the clock and all the rest leave: 1 % − 0.1 % − 0.6 %, less what is folded.
    pass(120, clock: 0.002, spans: 0.002, folding: 0.002, rest: 0.012)
    #expect(abs(governor.spanShare - 0.002) < 1e-9)
    // A reload.
    governor.budget.cpuShare = 0.04
    pass(3, clock: 0.002, spans: 0.002, folding: 0.002, rest: 0.012)
    #expect(abs(governor.spanShare - 0.019) < 1e-9)
  }

  @Test func whatIsWithinTheBudgetIsLeftAlone() {
    var host = Host(99, kernel: 10e-6, user: 5e-6)
    host.pass(seconds: 300)
    #expect(host.changes.isEmpty)
    #expect(host.governor.state == .normal)
    #expect(abs(host.governor.cpuShare - 0.001485) < 1e-9)
  }

  @Test func whatCostsTooMuchIsWithinTheBudgetAfterTenSeconds() {
    // Stacks of 128 frames at 999 Hz: 2.5 % of the host.
    var host = Host(999, kernel: 20e-6, user: 5e-6)
    host.rest = 0.002
    #expect(host.share > 0.025)
    host.pass(seconds: 10)
    #expect(host.share <= 0.01)
    #expect(host.share > 0.006, "no less than needed")
    #expect(host.governor.state == .lowered)
    let settled = host.changes.count
    host.pass(seconds: 600)
    #expect(host.share <= 0.01)
    #expect(host.changes.count - settled <= 2, "it does not swing: \(host.changes)")
  }

  @Test func memoryAboveItsBudgetLowersTheFrequencyUntilItIsWellBelow() {
    var host = Host(99, kernel: 10e-6, user: 5e-6)
    host.memoryBytes = 149 << 20
    host.pass(seconds: 60)
    #expect(host.changes.isEmpty)
    host.memoryBytes = 151 << 20
    host.pass(seconds: 5)
    #expect(host.changes == [49])
    #expect(host.governor.isShortOfMemory)
    #expect(host.governor.state == .lowered)
    host.pass(seconds: 60)
    #expect(host.governor.frequency == 10)
    #expect(host.governor.state == .exceeded)
    host.memoryBytes = 140 << 20
    host.pass(seconds: 120)
    #expect(host.governor.frequency == 10, "not until it is well below")
    host.memoryBytes = 100 << 20
    host.pass(seconds: 60)
    #expect(host.governor.frequency == 99)
    #expect(host.governor.state == .normal)
    #expect(!host.governor.isShortOfMemory)
  }

  @Test func shortOfMemoryTheCPUBudgetHoldsTheSame() {
    var host = Host(999, kernel: 20e-6, user: 5e-6)
    host.memoryBytes = 151 << 20
    host.pass(seconds: 30)
    #expect(host.share <= 0.01)
  }

  @Test func itRecoversOnceStacksAreCheapAgain() {
    var host = Host(999, kernel: 40e-6, user: 10e-6)
    host.pass(seconds: 20)
    #expect(host.governor.frequency < 300)
    host.kernelSecondsASample = 2e-6
    host.userSecondsASample = 1e-6
    host.pass(seconds: 9)
    #expect(host.governor.state == .lowered)
    host.pass(seconds: 90)
    #expect(host.governor.frequency == 999)
    #expect(host.governor.state == .normal)
  }

  @Test func aBudgetThatCannotBeHeldIsSaid() {
    var host = Host(99, kernel: 0.01, user: 0.01)
    host.pass(seconds: 60)
    #expect(host.governor.frequency == 10)
    #expect(host.governor.state == .exceeded)
  }

  @Test func theRestTakesItsPartOfTheBudget() {
    var host = Host(999, kernel: 8e-6, user: 2e-6)
    host.rest = 0.013
    host.pass(seconds: 900)
    #expect(host.share <= 0.01)
    #expect(host.governor.frequency < 400)
  }

  @Test func whatCostsMuchOnceDoesNotStopSampling() {
    var host = Host(99, kernel: 10e-6, user: 5e-6)
    // Tables of large files are built: a whole processor for three seconds.
    host.building = 1
    host.pass(seconds: 3)
    host.building = 0
    host.pass(seconds: 60)
    #expect(host.changes.isEmpty)
  }

  @Test func whatTheRestHasCostIsForgottenAfterAMinute() {
    var host = Host(99, kernel: 10e-6, user: 5e-6)
    host.rest = 1
    host.pass(seconds: 3)
    host.rest = 0
    host.pass(seconds: 150)
    #expect(host.governor.frequency == 99)
    #expect(host.changes.allSatisfy { $0 >= 90 }, "sampling keeps its part: \(host.changes)")
  }

  @Test func withoutForceCostsAreOnlyTold() {
    var budget = Governor.Budget()
    budget.isEnforced = false
    var host = Host(999, budget: budget, kernel: 40e-6, user: 10e-6)
    host.pass(seconds: 60)
    #expect(host.changes.isEmpty)
    #expect(host.governor.cpuShare > 0.04)
  }

  @Test func aBurstEndsAndIsNotRepeatedAtOnce() {
    var budget = Governor.Budget()
    budget.burst = Governor.Burst()
    var host = Host(49, budget: budget, kernel: 2e-6, user: 1e-6)
    host.pass(seconds: 10)
    #expect(host.changes.isEmpty)
    host.pressure = 80
    host.pass(seconds: 5)
    #expect(host.governor.frequency == 499)
    #expect(host.governor.state == .burst)
    host.pass(seconds: 60)
    #expect(host.changes == [499, 49])
    host.pass(seconds: 300)
    #expect(host.changes.prefix(3) == [499, 49, 499])
    #expect(host.changes.count <= 4)
  }

  @Test func aBurstThatCostsTooMuchIsEnded() {
    var budget = Governor.Budget()
    budget.burst = Governor.Burst()
    var host = Host(49, budget: budget, kernel: 60e-6, user: 10e-6)
    host.pressure = 80
    host.pass(seconds: 30)
    #expect(host.changes.first == 499)
    #expect(host.share <= 0.01)
  }

  @Test func anotherWishHoldsAtOnce() {
    var host = Host(99, kernel: 10e-6, user: 5e-6)
    host.pass(seconds: 10)
    host.governor.want(199)
    #expect(host.governor.frequency == 199)
    host.pass(seconds: 100)
    #expect(host.governor.frequency == 199)
  }
}
