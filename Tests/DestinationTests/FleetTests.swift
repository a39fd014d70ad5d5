import Testing

@testable import Export

/// Many agents whose server is away for a day: when they knock, on a simulated clock.
@Suite struct FleetTests {
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

  private static let day = Duration.seconds(86_400)

  /// When one of them knocks in vain, and once when the day is over.
  private static func knocks(of agent: Int) -> [Duration] {
    let chance = Chance(seed: UInt64(agent))
    var machine = DeliveryMachine(
      DeliveryPolicy(), pacer: RetryPacer(), fraction: { chance.next() })
    let batch = Batch.test()
    var knocks: [Duration] = []
    var now = Duration.milliseconds(200 * agent)
    while now < day {
      switch machine.step(at: now) {
      case .fetch:
        knocks.append(now)
        machine.began(batch, at: now)
        _ = machine.ended(
          .later(.init(reason: "down")), of: batch, at: now, unixNanoseconds: 0)
      case .wait(let until?): now = until
      case .wait(nil), .finished: return knocks
      }
    }
    return knocks + [now]
  }

  @Test func aFleetDoesNotComeBackAllAtOnce() {
    let fleet = (0..<40).map { Self.knocks(of: $0) }
    for knocks in fleet {
      // Each minute one, and not two within a second.
      #expect((1_000...2_000).contains(knocks.count))
      #expect(zip(knocks, knocks.dropFirst()).allSatisfy { $1 - $0 >= .seconds(1) })
    }
    let first = fleet.compactMap(\.last).map { $0 - Self.day }
    #expect(first.allSatisfy { (.zero...DeliveryPolicy().longestBackoff).contains($0) })
    // No more than a tenth within any second.
    let perSecond = Dictionary(grouping: first) { Int($0 / .seconds(1)) }
    #expect(perSecond.values.allSatisfy { $0.count <= 4 })
  }
}
