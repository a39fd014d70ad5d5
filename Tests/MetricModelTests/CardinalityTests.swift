import MetricModel
import Testing

@Suite struct CardinalityTests {
  /// A collection with these series and their values.
  private func collect(
    _ series: [(String, Double)], _ limit: inout CardinalityLimit,
    _ kind: MetricDescriptor.Kind = .counter, name: String = "m_total"
  ) -> [String: Double] {
    var batch = MetricBatch(seriesLimit: 100)
    for (label, value) in series { batch.add(name, kind, "M.", value, ["l": label]) }
    batch.keep(within: &limit)
    let points = batch.families.first?.points ?? []
    return Dictionary(points.map { ($0.labels.first?.value ?? "", $0.value) }) { $0 + $1 }
  }

  @Test func seriesThatWereThereFirstStayWhatTheyAre() {
    var limit = CardinalityLimit(seriesLimit: 2)
    #expect(collect([("b", 1), ("c", 2)], &limit) == ["b": 1, "c": 2])
    #expect(collect([("a", 9), ("b", 1), ("c", 2)], &limit) == ["b": 1, "c": 2, "other": 9])
    #expect(limit.refused == 1)
    #expect(limit.folded.map(\.series) == [1])
  }

  @Test func aCounterOfOthersNeverFalls() {
    var limit = CardinalityLimit(seriesLimit: 1)
    var last = 0.0
    var random = SystemRandomNumberGenerator()
    var living: [String: Double] = [:]
    for round in 0..<500 {
      for (name, value) in living {
        living[name] = Int.random(in: 0..<9, using: &random) == 0 ? nil : value + 1
        // Some begin anew.
        if Int.random(in: 0..<20, using: &random) == 0 { living[name] = 0 }
      }
      living["n\(round)"] = Double(Int.random(in: 0..<50, using: &random))
      let found = collect(living.sorted { $0.key < $1.key }, &limit)
      let other = found["other"] ?? last
      #expect(other >= last)
      #expect(found.count <= 2)
      last = other
    }
    #expect(last > 0)
  }

  @Test func othersAreWhatTheirPartsGrewBy() {
    var limit = CardinalityLimit(seriesLimit: 1)
    _ = collect([("a", 1)], &limit)
    #expect(collect([("a", 1), ("b", 10), ("c", 5)], &limit)["other"] == 15)
    // One ends, one grows, one begins anew.
    #expect(collect([("a", 1), ("c", 8)], &limit)["other"] == 18)
    #expect(collect([("a", 1), ("c", 2)], &limit)["other"] == 20)
    #expect(collect([("a", 1)], &limit)["other"] == 20)
  }

  @Test func gaugesAreAddedUpWhereThatMeansSomething() {
    var limit = CardinalityLimit(seriesLimit: 1)
    let series = [("a", 1.0), ("b", 10), ("c", 5)]
    #expect(collect(series, &limit, .gauge, name: "use_bytes") == ["a": 1, "other": 15])
    #expect(collect([("a", 1), ("c", 6)], &limit, .gauge, name: "use_bytes")["other"] == 6)
    #expect(collect(series, &limit, .gauge, name: "room_celsius") == ["a": 1])
    #expect(limit.refused == 4)
  }

  @Test func aPlaceThatIsNotUsedIsGivenToAnother() {
    var limit = CardinalityLimit(seriesLimit: 1)
    _ = collect([("a", 1)], &limit)
    for _ in 0..<20 { _ = collect([("b", 1)], &limit) }
    #expect(collect([("c", 3), ("b", 1)], &limit)["c"] == 3)
  }

  @Test func hostsWithMillionsOfSeriesAreBounded() {
    var limit = CardinalityLimit(seriesLimit: 3)
    for round in 0..<200 {
      let series = (0..<90).map { ("r\(round)-\($0)", 1.0) }
      #expect(collect(series, &limit).count <= 4)
    }
    #expect(limit.refused > 10_000)
    #expect(limit.folded.allSatisfy { $0.series <= 12 })
  }
}
