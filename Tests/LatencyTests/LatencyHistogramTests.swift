import MetricModel
import Testing

@Suite struct LatencyHistogramTests {
  @Test func aPercentileIsWithinTheBucketOfTheTrueOne() {
    var generator = SystemRandomNumberGenerator()
    for count in [1, 2, 10, 99, 100, 101, 5_000] {
      var values: [UInt64] = []
      var histogram = LatencyHistogram()
      for _ in 0..<count {
        let value = UInt64.random(in: 1...1 << 40, using: &generator) >> UInt64.random(in: 0...39)
        values.append(max(1, value))
        histogram.record(max(1, value))
      }
      values.sort()
      for share in [0.5, 0.9, 0.99, 1] {
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        let place = LatencyHistogram.place(of: values[rank - 1])
        #expect(histogram.place(ofQuantile: share) == place)
        let quantile = histogram.quantile(share) ?? 0
        #expect(quantile <= LatencyHistogram.upperBound(ofPlace: place))
        #expect(quantile > LatencyHistogram.lowerBound(ofPlace: place))
      }
      #expect(histogram.count == UInt64(count))
      #expect(histogram.sum == values.reduce(0, +))
      #expect(histogram.max == values.last)
    }
  }

  @Test func sumsOfHistogramsHoldAllValues() {
    var one = LatencyHistogram()
    var other = LatencyHistogram()
    var both = LatencyHistogram()
    for value: UInt64 in [1, 2, 3, 1_000, 1 << 50] {
      one.record(value)
      both.record(value)
    }
    for value: UInt64 in [0, 900, 1_000_000] {
      other.record(value)
      both.record(value)
    }
    one.add(other)
    #expect(one == both)
    #expect(one.count == 8)
  }

  @Test func theOffsetIsOpenTelemetrys() {
    // 1000 = 2^9.966: in (2^9.75, 2^10], which is (base^39, base^40].
    var histogram = LatencyHistogram()
    histogram.record(1_000)
    #expect(histogram.offset == 39)
    #expect(histogram.counts == [1])
    histogram.record(1)
    #expect(histogram.offset == -1)
    #expect(histogram.counts.count == 41)
  }

  @Test func nothingHasNoPercentiles() {
    let histogram = LatencyHistogram()
    #expect(histogram.quantile(0.5) == nil)
    #expect(histogram.used.isEmpty)
  }

  @Test func bucketsThatDoNotExistAreLeftOut() {
    var histogram = LatencyHistogram()
    histogram.add(1, at: -1)
    histogram.add(1, at: LatencyHistogram.bucketCount)
    #expect(histogram.count == 0)
  }
}
