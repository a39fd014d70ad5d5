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

  @Test func aMetricWithTooManySeriesIsCutAndCounted() {
    var batch = MetricBatch(seriesLimit: 2)
    for index in 0..<5 { batch.add("m", .gauge, "", 1, ["i": "\(index)"]) }
    #expect(batch.families[0].points.count == 2)
    #expect(batch.refused == 3)
  }
}
