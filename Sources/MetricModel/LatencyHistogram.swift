/// How often values of each size were seen, in four buckets per power of two.
///
/// It is OTLP's exponential histogram of scale 2, exactly: the base is 2^¼, and bucket i holds the
/// values in (base^i, base^(i + 1)]. The first is bucket −1 with the value 1 alone, to which a value
/// of 0 counts; the last takes everything that is larger as well.
///
/// - Source: opentelemetry-proto, metrics.proto, `ExponentialHistogramDataPoint`.
package struct LatencyHistogram: Hashable, Sendable {
  package static let scale = 2
  /// The OTLP index of the first bucket.
  package static let firstIndex = -1
  package static let bucketCount = 192

  /// Counts of the buckets from the first one that was ever used on.
  package private(set) var counts: [UInt64] = []
  /// The place of the first count among all buckets.
  package private(set) var start = 0
  package private(set) var count: UInt64 = 0
  package private(set) var sum: UInt64 = 0
  /// The greatest value; it lies in the last used bucket.
  package private(set) var max: UInt64 = 0

  package init() {}
}

// Adding.
extension LatencyHistogram {
  /// Adds to a bucket, 0 for the first; others than there are do nothing.
  package mutating func add(_ amount: UInt64, at place: Int) {
    guard (0..<Self.bucketCount).contains(place), amount > 0 else { return }
    reserve(place)
    counts[place - start] &+= amount
    count &+= amount
  }

  /// Adds what is known of the values beside their buckets.
  package mutating func add(sum more: UInt64, max greatest: UInt64) {
    sum &+= more
    max = Swift.max(max, greatest)
  }

  package mutating func add(_ other: LatencyHistogram) {
    for (index, amount) in other.counts.enumerated() { add(amount, at: other.start + index) }
    add(sum: other.sum, max: other.max)
  }

  /// Counts one value.
  package mutating func record(_ value: UInt64) {
    add(1, at: Self.place(of: value))
    add(sum: value, max: value)
  }

  private mutating func reserve(_ place: Int) {
    if counts.isEmpty { start = place }
    if place < start {
      counts.insert(contentsOf: repeatElement(0, count: start - place), at: 0)
      start = place
    }
    let missing = place - start + 1 - counts.count
    if missing > 0 { counts.append(contentsOf: repeatElement(0, count: missing)) }
  }
}

// Buckets.
extension LatencyHistogram {
  /// floor(2^63 · base^k): an integer with its highest bit set is above the bound if it is greater.
  private static let mantissas: [UInt64] = [
    0x8000_0000_0000_0000, 0x9837_f051_8db8_a96f, 0xb504_f333_f9de_6484, 0xd744_fcca_d69d_6af4,
  ]

  /// The place of the bucket that holds a value.
  package static func place(of value: UInt64) -> Int {
    let value = Swift.max(1, value)
    let exponent = 63 - value.leadingZeroBitCount
    let mantissa = value << UInt64(value.leadingZeroBitCount)
    let above = mantissas.reduce(0) { $0 + (mantissa > $1 ? 1 : 0) }
    return min(exponent * 4 + above, bucketCount - 1)
  }

  /// The roots 2^(k/4).
  private static let roots: [Double] = [
    1, 1.189_207_115_002_721, 1.414_213_562_373_095_1, 1.681_792_830_507_429,
  ]

  /// The bound above a bucket, which belongs to it: base^place.
  package static func upperBound(ofPlace place: Int) -> Double {
    let quotient = place >> 2
    return Double(sign: .plus, exponent: quotient, significand: roots[place & 3])
  }

  /// The bound below a bucket, which does not belong to it.
  package static func lowerBound(ofPlace place: Int) -> Double { upperBound(ofPlace: place - 1) }

  /// The places that have counts, with these.
  package var used: [(place: Int, count: UInt64)] {
    counts.enumerated().compactMap { $1 > 0 ? (start + $0, $1) : nil }
  }

  /// Index of the first count by OTLP's numbers.
  package var offset: Int { start + Self.firstIndex }
}

// Figures.
extension LatencyHistogram {
  package var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The place of the bucket in which a share of all values is reached; nil if there are none.
  package func place(ofQuantile share: Double) -> Int? {
    guard count > 0 else { return nil }
    let rank = Swift.max(1, (share * Double(count)).rounded(.up))
    var total: UInt64 = 0
    for (index, amount) in counts.enumerated() {
      total &+= amount
      if Double(total) >= rank { return start + index }
    }
    return start + counts.count - 1
  }

  /// The value that a share of all values does not exceed, between the bounds of its bucket by rank;
  /// nil if there are none.
  package func quantile(_ share: Double) -> Double? {
    guard let place = place(ofQuantile: share) else { return nil }
    let below = counts.prefix(place - start).reduce(0, &+)
    let inside = counts[place - start]
    let rank = Swift.max(1, (share * Double(count)).rounded(.up))
    let part = inside == 0 ? 1 : (rank - Double(below)) / Double(inside)
    let lower = Self.lowerBound(ofPlace: place)
    let value = lower + (Self.upperBound(ofPlace: place) - lower) * Swift.min(1, Swift.max(0, part))
    return max > 0 ? Swift.min(value, Double(max)) : value
  }
}
