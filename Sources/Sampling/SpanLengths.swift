import BPFShared

/// From which length on every span of a kind is sampled, in nanoseconds or bytes.
struct SpanLengths: Equatable {
  var wait: UInt64 = Self.shortest
  var call: UInt64 = Self.shortest
  var block: UInt64 = Self.shortest
  /// In bytes: memory comes in pages.
  var fault: UInt64 = 64 << 10

  static let shortest: UInt64 = 1_000_000
  /// A wait of 10 ms is never missed.
  static let longest: UInt64 = 10_000_000
  static let longestFault: UInt64 = 4 << 20

  // Who samples for hours is content with fewer of all of them.

  static let shortestOfMany: UInt64 = 10_000_000
  static let firstOfMany: UInt64 = 4_000_000_000
  static let longestOfMany: UInt64 = 64_000_000_000
  static let shortestFaultOfMany: UInt64 = 1 << 20
  static let firstFaultOfMany: UInt64 = 64 << 20
  static let longestFaultOfMany: UInt64 = 16 << 30
}

extension sampler_control {
  mutating func setLengths(_ lengths: SpanLengths) {
    // In the order of `enum sample_kind`.
    always_above.2 = lengths.wait
    always_above.3 = lengths.wait
    always_above.4 = lengths.call
    always_above.5 = lengths.fault
    always_above.6 = lengths.block
  }

  func length(of kind: sample_kind) -> UInt64 {
    switch kind {
    case SAMPLE_BLOCKED: always_above.2
    case SAMPLE_QUEUED: always_above.3
    case SAMPLE_CALL: always_above.4
    case SAMPLE_FAULT: always_above.5
    case SAMPLE_BLOCK_IO: always_above.6
    default: 0
    }
  }
}
