import Testing

@testable import LinuxHost

/// Calendar and clock of a point in time.
@Suite struct UTCTimeTests {
  private static let second: UInt64 = 1_000_000_000

  @Test(arguments: [
    (UInt64(0), "19700101T000000Z"), (951_782_400, "20000229T000000Z"),
    (1_709_251_199, "20240229T235959Z"), (4_102_444_800, "21000101T000000Z"),
  ])
  func timesAreThoseOfTheCalendar(_ seconds: UInt64, _ stamp: String) {
    #expect(UTCTime(nanoseconds: seconds * Self.second).stamp == stamp)
  }

  @Test func theTextHasMilliseconds() {
    let time = UTCTime(nanoseconds: 1_795_239_960 * Self.second + 7_999_999)
    #expect(time.text == "2026-11-21T05:46:00.007Z")
  }

  @Test func theLastTimeThatFitsIsOne() {
    #expect(UTCTime(nanoseconds: .max).stamp == "25540721T233433Z")
  }
}
