import Testing

@testable import Export

/// A day without a server, for a fleet of agents, on a simulated clock.
@Suite struct OutageTests {
  /// A generator whose sequence is always the same.
  ///
  /// - Source: SplitMix64.
  private final class Chance: @unchecked Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    func next() -> Double {
      state &+= 0x9e37_79b9_7f4a_7c15
      var word = state
      word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
      return Double((word ^ word >> 31) >> 11) / Double(1 << 53)
    }
  }

  /// An agent that makes 500 KB a minute, five batches in each window of 10 s.
  private struct Agent {
    static let bytes = 16_667
    static let quota = 256 << 20

    var machine: DeliveryMachine
    var now = Duration.zero
    var waiting: [Batch] = []
    var first = 0
    var produced = 0
    var sent = 0
    var dropped = 0
    var attempts: [Duration] = []

    init(_ number: Int) {
      let chance = Chance(seed: UInt64(number))
      now = .milliseconds(200 * number)
      machine = DeliveryMachine(
        DeliveryPolicy(), pacer: RetryPacer(), fraction: { chance.next() })
    }

    var queued: Int { waiting.count - first }

    /// Appends what was made until now; the oldest make room.
    mutating func produce() {
      while produced < Int(now / .seconds(2)) {
        waiting.append(Batch(topic: .otlpProfiles, createdUnixNanoseconds: 0, body: []))
        produced += 1
        if queued * Self.bytes > Self.quota {
          first += 1
          dropped += 1
        }
      }
    }

    mutating func run(until end: Duration, isUp: Bool) {
      let body = [UInt8](repeating: 0, count: Self.bytes)
      while now < end {
        produce()
        switch machine.step(at: now) {
        case .fetch where queued > 0:
          var batch = waiting[first]
          batch.body = body
          attempts.append(now)
          machine.began(batch, at: now)
          now += .milliseconds(5)
          let outcome: DeliveryOutcome =
            isUp ? .accepted(rejected: 0, message: nil) : .later(.init(reason: "down"))
          let (disposition, _) = machine.ended(outcome, of: batch, at: now, unixNanoseconds: 0)
          guard disposition == .acknowledge else { continue }
          first += 1
          sent += 1
        case .fetch: now = now + .seconds(2)
        case .wait(let until?): now = min(end, until)
        case .wait(nil), .finished: return
        }
      }
      produce()
    }
  }

  private static let day = Duration.seconds(86_400)

  @Test func aDayWithoutAServerEndsWithoutAStormAndEveryBatchIsAccountedFor() {
    var fleet = (0..<40).map { Agent($0) }
    var arrivals: [Int: Int] = [:]
    for index in fleet.indices {
      fleet[index].run(until: .seconds(60), isUp: true)
      let before = fleet[index].attempts.count
      fleet[index].run(until: Self.day, isUp: false)
      let tries = fleet[index].attempts.dropFirst(before)
      // Each minute one, and not two within a second.
      #expect((1_000...2_000).contains(tries.count))
      #expect(zip(tries, tries.dropFirst()).allSatisfy { $1 - $0 >= .seconds(1) })
      let outage = fleet[index].attempts.count
      #expect(fleet[index].queued * Agent.bytes <= Agent.quota)
      fleet[index].run(until: Self.day + .seconds(900), isUp: true)
      let recovery = fleet[index].attempts.dropFirst(outage)
      let perSecond = Dictionary(grouping: recovery, by: { Int($0 / .seconds(1)) })
      // 4 MiB a second, and as much once as a burst.
      #expect(perSecond.values.allSatisfy { $0.count * Agent.bytes <= 8 << 20 + 1 << 18 })
      if let first = recovery.first {
        arrivals[Int((first - Self.day) / .seconds(1)), default: 0] += 1
      }
      let agent = fleet[index]
      #expect(agent.queued <= 1, "the queue is worked off")
      #expect(agent.sent + agent.dropped + agent.queued == agent.produced)
      #expect(agent.sent == Int(agent.machine.figures.acceptedBatches))
      #expect(agent.dropped > 0 && agent.sent > 16_000)
    }
    // They do not all come back at once: no more than a tenth within any second.
    #expect(arrivals.values.reduce(0, +) == fleet.count)
    #expect(arrivals.values.allSatisfy { $0 <= 4 })
    #expect(arrivals.keys.allSatisfy { $0 <= 121 })
  }
}
