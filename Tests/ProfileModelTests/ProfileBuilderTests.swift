import ProfileModel
import Testing

@Suite struct ProfileBuilderTests {
  private static func add(_ key: [UInt64], to builder: inout ProfileBuilder) {
    builder.add(key.span) { builder in
      Sample(
        stack: builder.profile.stacks.intern([UInt32(builder.profile.samples.count)]), thread: 0,
        count: 0, value: 0)
    }
  }

  private static let keys: [[UInt64]] =
    [[], [0], [0, 0], [1], [1, 0], [0, 1], [UInt64.max], [UInt64.max, UInt64.max]]
    + (2..<5_000).map { [7, $0, 7] } + (2..<5_000).map { [$0 << 40, 7] }

  @Test func sequencesThatDifferInAnythingAreCountedApart() {
    var builder = ProfileBuilder(Profile(sampleType: .cpu, period: 10), stackLimit: 100_000)
    for key in Self.keys { Self.add(key, to: &builder) }
    for key in Self.keys.reversed() { Self.add(key, to: &builder) }
    #expect(builder.profile.samples.count == Self.keys.count)
    #expect(builder.profile.samples.allSatisfy { $0.count == 2 && $0.value == 20 })
    #expect(builder.profile.ledger.complete == UInt64(2 * Self.keys.count))
  }

  @Test func aboveTheLimitOnlyKnownSamplesAreCounted() {
    var builder = ProfileBuilder(Profile(sampleType: .cpu, period: 10), stackLimit: 2)
    for key in [[1], [2], [3], [1]] as [[UInt64]] { Self.add(key, to: &builder) }
    #expect(builder.profile.samples.map(\.count) == [2, 1])
    #expect(builder.profile.ledger.dropped == [.stackTableFull: 1])
  }
}
