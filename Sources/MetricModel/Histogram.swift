/// How often values of each size were seen.
package struct Histogram: Hashable, Sendable {
  package enum Buckets: Hashable, Sendable {
    /// Upper bounds, which belong to their buckets, growing; the last count, one more than there
    /// are bounds, is of what is above all of them.
    case explicit(bounds: [Double], counts: [UInt64])
    /// Counts of values in (2^(offset + i), 2^(offset + i + 1)], i the place in `counts`.
    case powersOfTwo(offset: Int, counts: [UInt64])
    /// Four buckets for each power of two, of whole units.
    case quarters(LatencyHistogram)
  }

  package private(set) var buckets: Buckets
  /// Values that were 0 or less; only buckets of powers of two need them apart.
  package private(set) var zeros: UInt64 = 0
  /// Of all values; nil where nobody added them up.
  package private(set) var sum: Double?

  /// Exponents of any value that `Double` can be.
  private static let exponents = -1_075...1_023

  /// An empty one with buckets of powers of two, which grows with what is recorded.
  package init() {
    buckets = .powersOfTwo(offset: 0, counts: [])
    sum = 0
  }

  /// Takes the counts of a histogram as the kernel's side keeps it; nil if a bucket is outside of
  /// what a `Double` can be.
  ///
  /// - Parameters:
  ///   - counts: at i the count of values in (2^(offset + i), 2^(offset + i + 1)].
  ///   - offset: the exponent of the first bucket's lower bound. A slot that is chosen by the number
  ///     of bits of `value − 1` holds its upper bound, as needed here.
  ///   - zeros: values that were 0.
  ///   - sum: of all values.
  package init?(powersOfTwo counts: [UInt64], offset: Int, zeros: UInt64 = 0, sum: Double? = nil) {
    guard Self.exponents.contains(offset), counts.count <= Self.exponents.upperBound - offset + 1
    else { return nil }
    let used = counts.drop { $0 == 0 }
    let skipped = used.isEmpty ? 0 : counts.count - used.count
    let empty = used.reversed().prefix { $0 == 0 }.count
    buckets = .powersOfTwo(offset: offset + skipped, counts: Array(used.dropLast(empty)))
    self.zeros = zeros
    self.sum = sum
  }

  /// Takes counts under bounds of the caller's choice; nil unless the bounds are finite and grow,
  /// and there is one count more.
  package init?(bounds: [Double], counts: [UInt64], sum: Double? = nil) {
    guard counts.count == bounds.count + 1, bounds.allSatisfy(\.isFinite),
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    buckets = .explicit(bounds: bounds, counts: counts)
    self.sum = sum
  }

  /// Takes latencies as they are.
  package init(_ latencies: LatencyHistogram) {
    buckets = .quarters(latencies)
    sum = Double(latencies.sum)
  }

  package var count: UInt64 {
    switch buckets {
    case .explicit(_, let counts): counts.reduce(0, &+)
    case .powersOfTwo(_, let counts): counts.reduce(zeros, &+)
    case .quarters(let latencies): latencies.count
    }
  }

  /// Upper bounds with the count of all values up to each; the rest is above the last.
  package var cumulative: [(upperBound: Double, count: UInt64)] {
    var total = zeros
    switch buckets {
    case .explicit(let bounds, let counts):
      return zip(bounds, counts).map { bound, count in
        total &+= count
        return (bound, total)
      }
    case .powersOfTwo(let offset, let counts):
      let start: [(upperBound: Double, count: UInt64)] = zeros > 0 ? [(0, zeros)] : []
      return start
        + counts.enumerated().map { index, count in
          total &+= count
          return (Self.powerOfTwo(offset + index + 1), total)
        }
    case .quarters(let latencies): return Self.cumulative(latencies)
    }
  }

  /// At powers of four from 1 µs to 17 s where the unit is nanoseconds: few, always the same, and each
  /// is the bound of a bucket, so that the counts are exact.
  private static func cumulative(_ latencies: LatencyHistogram)
    -> [(upperBound: Double, count: UInt64)]
  {
    var total: UInt64 = 0
    var rest = latencies.used[...]
    return powersOfFour.map { power in
      while let bucket = rest.first, bucket.place <= 8 * power {
        total &+= bucket.count
        rest.removeFirst()
      }
      return (powerOfTwo(2 * power), total)
    }
  }

  private static let powersOfFour = 5...17

  /// Infinite above what a `Double` can be.
  private static func powerOfTwo(_ exponent: Int) -> Double {
    exponent > 1_023 ? .infinity : Double(sign: .plus, exponent: exponent, significand: 1)
  }
}

// Counting.
extension Histogram {
  /// Counts one value; what is no number is left out.
  package mutating func record(_ value: Double) {
    guard value.isFinite else { return }
    sum = sum.map { $0 + value }
    switch buckets {
    case .explicit(let bounds, var counts):
      counts[bounds.firstIndex { value <= $0 } ?? bounds.count] &+= 1
      buckets = .explicit(bounds: bounds, counts: counts)
    case .powersOfTwo(let offset, let counts):
      guard value > 0 else {
        zeros &+= 1
        return
      }
      // The upper bound belongs to its bucket.
      let exponent = Int(value.exponent) - (value.significand == 1 ? 1 : 0)
      buckets = Self.adding([1], at: exponent, to: counts, at: offset)
    case .quarters(var latencies):
      latencies.record(UInt64(exactly: max(0, value).rounded()) ?? .max)
      buckets = .quarters(latencies)
    }
  }

  /// Adds the counts of another one; false if its buckets are of another kind.
  package mutating func add(_ other: Histogram) -> Bool {
    switch (buckets, other.buckets) {
    case (.explicit(let bounds, let counts), .explicit(let otherBounds, let otherCounts)):
      guard bounds == otherBounds else { return false }
      buckets = .explicit(bounds: bounds, counts: zip(counts, otherCounts).map { $0 &+ $1 })
    case (.powersOfTwo(let offset, let counts), .powersOfTwo(let otherOffset, let otherCounts)):
      buckets = Self.adding(otherCounts, at: otherOffset, to: counts, at: offset)
    case (.quarters(var latencies), .quarters(let others)):
      latencies.add(others)
      buckets = .quarters(latencies)
    default: return false
    }
    zeros &+= other.zeros
    if let sum, let more = other.sum { self.sum = sum + more } else { sum = nil }
    return true
  }

  /// Buckets that hold both; they are as many as there are exponents at most.
  private static func adding(
    _ added: [UInt64], at addedOffset: Int, to counts: [UInt64], at offset: Int
  ) -> Buckets {
    guard !added.isEmpty else { return .powersOfTwo(offset: offset, counts: counts) }
    guard !counts.isEmpty else { return .powersOfTwo(offset: addedOffset, counts: added) }
    let start = min(offset, addedOffset)
    let end = max(offset + counts.count, addedOffset + added.count)
    var sum = [UInt64](repeating: 0, count: end - start)
    for (index, count) in counts.enumerated() { sum[offset - start + index] &+= count }
    for (index, count) in added.enumerated() { sum[addedOffset - start + index] &+= count }
    return .powersOfTwo(offset: start, counts: sum)
  }
}
