import BPFShared
import MetricModel
import Testing

/// The kernel's side and ours put each value into the bucket that OTLP says.
@Suite struct HistogramPlaceTests {
  /// The bucket by its definition, with whole numbers of any size: `value` is at most base^n exactly
  /// if value^4 ≤ 2^n.
  private static func truth(_ value: UInt64) -> Int {
    let power = WideInteger(value).squared().squared()
    // The least n with value^4 ≤ 2^n: bucket n − 1, which is at place n.
    let bits = power.bitWidth
    let place = power.isPowerOfTwo ? bits - 1 : bits
    return min(place, LatencyHistogram.bucketCount - 1)
  }

  @Test func everyBoundIsExact() {
    for place in 0..<LatencyHistogram.bucketCount + 8 {
      let bound = UInt64(LatencyHistogram.upperBound(ofPlace: min(place, 250)))
      for distance in -40...40 {
        let value = Int64(bound) + Int64(distance)
        guard value > 0 else { continue }
        let wanted = Self.truth(UInt64(value))
        #expect(LatencyHistogram.place(of: UInt64(value)) == wanted)
        #expect(Int(histogram_place(UInt64(value))) == wanted)
      }
    }
  }

  @Test func smallValuesAreExact() {
    for value in UInt64(1)...20_000 {
      let wanted = Self.truth(value)
      #expect(LatencyHistogram.place(of: value) == wanted)
      #expect(Int(histogram_place(value)) == wanted)
    }
  }

  @Test func anyValuesAreExact() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let shift = UInt64.random(in: 0...63, using: &generator)
      let value = UInt64.random(in: 1...UInt64.max, using: &generator) >> shift
      let wanted = Self.truth(max(1, value))
      #expect(LatencyHistogram.place(of: value) == wanted, "\(value)")
      #expect(Int(histogram_place(value)) == wanted, "\(value)")
    }
  }

  @Test func theEndsAreInBuckets() {
    #expect(LatencyHistogram.place(of: 0) == 0)
    #expect(histogram_place(0) == 0)
    #expect(LatencyHistogram.place(of: .max) == LatencyHistogram.bucketCount - 1)
    #expect(Int(histogram_place(.max)) == LatencyHistogram.bucketCount - 1)
  }

  @Test func theNumbersAreThoseOfTheKernelsSide() {
    #expect(LatencyHistogram.bucketCount == Int(HISTOGRAM_BUCKETS))
    #expect(LatencyHistogram.firstIndex == Int(HISTOGRAM_FIRST_INDEX))
    #expect(MemoryLayout<histogram>.size == Int(HISTOGRAM_BYTES))
  }
}

/// A natural number of any size: for the truth about fourth powers.
private struct WideInteger {
  /// Least significant first, without zeros at the end.
  private var words: [UInt32]

  init(_ value: UInt64) {
    words = Self.trimmed([UInt32(value & 0xffff_ffff), UInt32(value >> 32)])
  }

  private init(words: [UInt32]) { self.words = Self.trimmed(words) }

  private static func trimmed(_ words: [UInt32]) -> [UInt32] {
    Array(words.reversed().drop { $0 == 0 }.reversed())
  }

  func squared() -> WideInteger {
    var result = [UInt32](repeating: 0, count: 2 * words.count + 1)
    for (index, word) in words.enumerated() {
      var carry: UInt64 = 0
      for (other, factor) in words.enumerated() {
        let sum = UInt64(word) * UInt64(factor) + UInt64(result[index + other]) + carry
        result[index + other] = UInt32(sum & 0xffff_ffff)
        carry = sum >> 32
      }
      result[index + words.count] = UInt32(carry)
    }
    return WideInteger(words: result)
  }

  var bitWidth: Int {
    guard let last = words.last else { return 0 }
    return 32 * words.count - last.leadingZeroBitCount
  }

  var isPowerOfTwo: Bool { words.reduce(0) { $0 + $1.nonzeroBitCount } == 1 }
}
