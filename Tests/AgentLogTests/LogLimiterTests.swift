import Testing

@testable import AgentLog

/// Which lines are held back, and that they are counted.
@Suite struct LogLimiterTests {
  private static let minute = LogLimiter.intervalNanoseconds

  @Test func aMessageThatComesTooOftenIsHeldBackAndCounted() {
    var limiter = LogLimiter()
    for _ in 0..<LogLimiter.burst { #expect(limiter.admit("a", now: 5) == 0) }
    for _ in 0..<90 { #expect(limiter.admit("a", now: 6) == nil) }
    #expect(limiter.heldBack == 90)
    // The first one that is written again tells of them, once.
    #expect(limiter.admit("a", now: 5 + Self.minute) == 90)
    #expect(limiter.admit("a", now: 6 + Self.minute) == 0)
  }

  @Test func otherMessagesAreNotHeldBackWithIt() {
    var limiter = LogLimiter()
    for _ in 0..<1_000 { _ = limiter.admit("a", now: 0) }
    #expect(limiter.admit("b", now: 0) == 0)
  }

  @Test func messagesThatAreNoConstantsShareOneCount() {
    var limiter = LogLimiter()
    var written = 0
    for number in 0..<10_000 where limiter.admit("message \(number)", now: 0) != nil {
      written += 1
    }
    #expect(written == LogLimiter.messageLimit + LogLimiter.burst)
    #expect(limiter.heldBack == 10_000 - written)
  }
}
