import MetricFormats
import MetricModel
import Testing

@Suite struct PrometheusTextTests {
  private func text(_ batch: MetricBatch) -> String {
    String(decoding: PrometheusText.encode(batch.families), as: UTF8.self)
  }

  @Test func familiesAreSortedAndEachHasItsHelpOnce() {
    var batch = MetricBatch()
    batch.add("b_total", .counter, "Things.", 3, ["kind": "x"])
    batch.add("a", .gauge, "More.", 0.5)
    batch.add("b_total", .counter, "Things.", 4, ["kind": "y"])
    batch.add("none", .gauge, "Not there.", nil)
    #expect(
      text(batch) == """
        # HELP a More.
        # TYPE a gauge
        a 0.5
        # HELP b_total Things.
        # TYPE b_total counter
        b_total{kind="x"} 3
        b_total{kind="y"} 4

        """)
  }

  @Test func valuesAndLabelsOfAnyKindAreWrittenAsTheFormatSays() {
    var batch = MetricBatch()
    batch.add("m", .gauge, "a\\b\n\"c\"", .infinity, ["l": "a\\b\n\"c\""])
    batch.add("m", .gauge, "", -.infinity)
    batch.add("m", .gauge, "", .nan)
    batch.add("m", .gauge, "", 80_321_806_336)
    batch.add("m", .gauge, "", 1e300)
    batch.add("m", .gauge, "", -0.25)
    #expect(
      text(batch) == #"""
        # HELP m a\\b\n"c"
        # TYPE m gauge
        m{l="a\\b\n\"c\""} +Inf
        m -Inf
        m NaN
        m 80321806336
        m 1e+300
        m -0.25

        """#)
  }

  @Test func latenciesHaveExactCountsAtPowersOfFour() {
    var latencies = LatencyHistogram()
    // On a bound, above it by the least, and beyond the last; 0 counts as 1.
    for value in [0, 1_024, 1_025, 4_096, 1 << 34, (1 << 34) + 1, 1 << 45] as [UInt64] {
      latencies.record(value)
    }
    var batch = MetricBatch()
    batch.add("wait_seconds", "Waits.", Histogram(latencies), unit: .nanoseconds)
    let lines = text(batch).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.count == 16)
    #expect(
      Array(lines.prefix(3)) == [
        #"wait_seconds_bucket{le="1.024e-06"} 2"#, #"wait_seconds_bucket{le="4.096e-06"} 4"#,
        #"wait_seconds_bucket{le="1.6384e-05"} 4"#,
      ])
    #expect(
      Array(lines.suffix(4)) == [
        #"wait_seconds_bucket{le="17.179869184"} 5"#, #"wait_seconds_bucket{le="+Inf"} 7"#,
        "wait_seconds_sum 35218.731833346",
        "wait_seconds_count 7",
      ])
  }

  @Test func seriesBeyondTheLimitAreOneOfOthers() {
    var batch = MetricBatch(seriesLimit: 2)
    for index in 0..<5 { batch.add("m", .gauge, "All.", 1.5, ["i": "\(index)"]) }
    #expect(batch.refused == 3)
    #expect(batch.families[0].folded == 3)
    #expect(
      text(batch) == """
        # HELP m All.
        # TYPE m gauge
        m{i="0"} 1.5
        m{i="1"} 1.5
        m{i="other"} 4.5

        """)
  }

  @Test func aHistogramHasItsBucketsInBaseUnits() throws {
    var batch = MetricBatch()
    let waits = try #require(Histogram(powersOfTwo: [0, 2, 0, 3, 0], offset: 9, sum: 20_000))
    batch.add("wait_seconds", "Waits.", waits, unit: .nanoseconds, labels: [MetricLabel("a", "b")])
    #expect(
      text(batch) == """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{a="b",le="2.048e-06"} 2
        wait_seconds_bucket{a="b",le="4.096e-06"} 2
        wait_seconds_bucket{a="b",le="8.192e-06"} 5
        wait_seconds_bucket{a="b",le="+Inf"} 5
        wait_seconds_sum{a="b"} 2e-05
        wait_seconds_count{a="b"} 5

        """)
  }
}
