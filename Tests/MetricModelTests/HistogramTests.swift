import MetricModel
import Testing

@Suite struct HistogramTests {
  @Test func aValueThatIsAPowerOfTwoIsTheUpperBoundOfItsBucket() {
    var histogram = Histogram()
    for value in [1.0, 1.5, 2, 2.5, 1_024, 0.25] { histogram.record(value) }
    // (0.125, 0.25], …, (0.5, 1], (1, 2], (2, 4], …, (512, 1024]
    let counts: [UInt64] = [1, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    #expect(histogram.buckets == .powersOfTwo(offset: -3, counts: counts))
    #expect(histogram.sum == 1_031.25)
    #expect(histogram.count == 6)
  }

  @Test func everyRecordedValueIsInABucketThatHoldsIt() {
    for value in [.leastNonzeroMagnitude, .leastNormalMagnitude, 0.1, 3, 1e18, .greatestFiniteMagnitude] {
      var histogram = Histogram()
      histogram.record(value)
      #expect(histogram.cumulative.count == 1)
      #expect(histogram.cumulative.allSatisfy { value <= $0.upperBound && $0.count == 1 })
    }
  }

  @Test func whatIsNoPositiveNumberHasNoBucket() {
    var histogram = Histogram()
    for value in [0, -1, .nan, .infinity] { histogram.record(value) }
    #expect(histogram.zeros == 2)
    #expect(histogram.count == 2)
    #expect(histogram.buckets == .powersOfTwo(offset: 0, counts: []))
  }

  @Test func emptyBucketsAtBothEndsAreCutOff() {
    let histogram = Histogram(powersOfTwo: [0, 0, 4, 0, 1, 0], offset: 10, sum: 3)
    #expect(histogram?.buckets == .powersOfTwo(offset: 12, counts: [4, 0, 1]))
    let empty = Histogram(powersOfTwo: [0, 0], offset: 10)
    #expect(empty?.buckets == .powersOfTwo(offset: 10, counts: []))
  }

  @Test func boundsThatDoNotGrowAreRefused() {
    #expect(Histogram(bounds: [1, 1], counts: [0, 0, 0]) == nil)
    #expect(Histogram(bounds: [1, .nan], counts: [0, 0, 0]) == nil)
    #expect(Histogram(bounds: [1, 2], counts: [0, 0]) == nil)
    #expect(Histogram(powersOfTwo: [1], offset: 2_000) == nil)
    #expect(Histogram(powersOfTwo: [1], offset: Int.min) == nil)
  }

  @Test func histogramsOfOneKindAddUp() throws {
    var one = try #require(Histogram(powersOfTwo: [1, 2], offset: 0, zeros: 1, sum: 5))
    let other = try #require(Histogram(powersOfTwo: [4], offset: 3, sum: 40))
    let fits = one.add(other)
    #expect(fits)
    #expect(one.buckets == .powersOfTwo(offset: 0, counts: [1, 2, 0, 4]))
    #expect(one.sum == 45)
    #expect(one.count == 8)
    var bounds = try #require(Histogram(bounds: [1, 2], counts: [1, 2, 3], sum: 9))
    let fitsOtherKind = bounds.add(one)
    #expect(!fitsOtherKind)
    let fitsItself = bounds.add(bounds)
    #expect(fitsItself)
    #expect(bounds.buckets == .explicit(bounds: [1, 2], counts: [2, 4, 6]))
  }

  @Test func aNameSaysItsUnit() {
    #expect(MetricUnit(ofName: "node_cpu_seconds_total") == .seconds)
    #expect(MetricUnit(ofName: "node_memory_MemFree_bytes") == .bytes)
    #expect(MetricUnit(ofName: "node_load1") == .none)
    #expect(MetricUnit(ofName: "") == .none)
    #expect(MetricUnit(ofName: "_total") == .none)
  }
}
