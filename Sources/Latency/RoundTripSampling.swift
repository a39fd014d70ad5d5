/// How many of the received segments tell their round-trip time: so many that it costs little.
struct RoundTripSampling {
  /// One in so many, a power of two.
  private(set) var every: UInt32 = 1
  private var adaptedAt: UInt64

  /// At a fifth of a microsecond each, that is 0.2 % of a CPU.
  private static let mostPerSecond = 10_000.0
  private static let fewestPerSecond = 2_000.0
  private static let largest: UInt32 = 4_096

  init(now: UInt64) { adaptedAt = now }

  /// Takes note of how many there were since the last time, and says whether the share changes.
  mutating func adapt(taken: UInt64, now: UInt64) -> Bool {
    let elapsed = now &- adaptedAt
    guard elapsed >= 100_000_000 else { return false }
    adaptedAt = now
    let rate = Double(taken) / (Double(elapsed) / 1e9)
    let before = every
    var wanted = rate
    while wanted > Self.mostPerSecond, every < Self.largest {
      every *= 2
      wanted /= 2
    }
    while wanted < Self.fewestPerSecond, every > 1 {
      every /= 2
      wanted *= 2
    }
    return every != before
  }
}
