import BPFShared

/// What a slot holds, as `histogram_key` of BPF/shared/histogram.h puts it into a word.
struct HistogramKey: Hashable {
  let word: UInt64

  var pid: UInt32 {
    UInt32(truncatingIfNeeded: word >> UInt64(HISTOGRAM_KIND_BITS + HISTOGRAM_SHARD_BITS))
  }

  var kind: UInt32 {
    UInt32(truncatingIfNeeded: word >> UInt64(HISTOGRAM_SHARD_BITS)) & Self.kindMask
  }

  /// Where the cache has the slot of the key.
  var cachePlace: Int { Int((word &* 0x9e37_79b9_7f4a_7c15) >> (64 - Self.cacheBits)) }

  static let kindMask: UInt32 = (1 << UInt32(HISTOGRAM_KIND_BITS)) - 1
  static let cacheBits: UInt64 = 14
  static var cacheCount: Int { 1 << Int(cacheBits) }
}

/// An error of a process and a kind, as `histogram_error_key` puts it into a word.
struct HistogramErrorKey: Hashable {
  let word: UInt64

  var pid: UInt32 {
    UInt32(truncatingIfNeeded: word >> UInt64(HISTOGRAM_KIND_BITS + HISTOGRAM_ERROR_BITS))
  }

  var kind: UInt32 {
    UInt32(truncatingIfNeeded: word >> UInt64(HISTOGRAM_ERROR_BITS)) & HistogramKey.kindMask
  }

  var error: UInt32 { UInt32(truncatingIfNeeded: word) & ((1 << UInt32(HISTOGRAM_ERROR_BITS)) - 1) }
}
