/// Values in buckets, four for each power of two: an exponential histogram of scale 2.
///
/// Bucket `i` holds the values above 2^(i/4) and up to 2^((i+1)/4), as OTLP defines it, in the unit
/// of the row.
package struct LatencyHistogram: Hashable, Sendable {
  /// Values of 0.
  package var zeroCount: UInt64
  /// The index of the first of `counts`, at least −1, the bucket of 1.
  package var firstIndex: Int
  package var counts: [UInt64]

  package init(zeroCount: UInt64 = 0, firstIndex: Int = 0, counts: [UInt64] = []) {
    self.zeroCount = zeroCount
    self.firstIndex = firstIndex
    self.counts = counts
  }
}

extension LatencyHistogram {
  /// The indices that values of 64 bits have.
  private static let indices = -1...255

  /// Counts what another histogram has counted; an index that no value has counts at its end.
  mutating func add(_ other: LatencyHistogram) {
    var sums = [UInt64](repeating: 0, count: Self.indices.count)
    for histogram in [self, other] {
      let first = min(max(histogram.firstIndex, -1), 255)
      for (offset, count) in histogram.counts.enumerated() {
        sums[min(first + offset, 255) + 1] &+= count
      }
    }
    zeroCount &+= other.zeroCount
    let start = sums.firstIndex { $0 > 0 } ?? 0
    let end = sums.lastIndex { $0 > 0 }.map { $0 + 1 } ?? start
    firstIndex = start - 1
    counts = Array(sums[start..<end])
  }

  var isEmpty: Bool { zeroCount == 0 && counts.allSatisfy { $0 == 0 } }
}
