/// Lets each message through some times in a while, and counts those that it holds back.
struct LogLimiter {
  /// Lines of one message that are written within `interval`.
  static let burst = 10
  static let intervalNanoseconds: UInt64 = 60_000_000_000
  /// Messages are constants, of which a program has fewer; what is beyond shares one count.
  static let messageLimit = 512

  private struct Count {
    var began: UInt64
    var written = 0
    var heldBack = 0
  }

  private var counts: [String: Count] = [:]
  /// Lines that were never written.
  private(set) var heldBack = 0

  /// Whether a line may be written, `now` being nanoseconds of the monotonic clock.
  ///
  /// - Returns: how many lines of this message were held back since the last one that was written;
  ///   nil if this one is to be held back.
  mutating func admit(_ message: String, now: UInt64) -> Int? {
    let key = counts[message] != nil || counts.count < Self.messageLimit ? message : ""
    var count = counts[key] ?? Count(began: now)
    defer { counts[key] = count }
    if now &- count.began >= Self.intervalNanoseconds {
      count.began = now
      count.written = 0
    }
    guard count.written < Self.burst else {
      count.heldBack += 1
      heldBack += 1
      return nil
    }
    count.written += 1
    defer { count.heldBack = 0 }
    return count.heldBack
  }
}
