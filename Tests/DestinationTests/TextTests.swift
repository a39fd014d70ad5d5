import LinuxHost
import Testing

@testable import Export

/// What is read out of foreign or written text.
@Suite struct TextTests {
  @Test(arguments: [
    ("http://localhost", false, "localhost", 80, ""),
    ("https://otel.example.org", true, "otel.example.org", 443, ""),
    ("HTTPS://h:8443/", true, "h", 8443, ""),
    ("http://127.0.0.1:4318/otlp/v2/", false, "127.0.0.1", 4318, "/otlp/v2"),
    ("http://[::1]:4318/x", false, "::1", 4318, "/x"),
    ("https://[2001:db8::1]", true, "2001:db8::1", 443, ""),
  ])
  func aURLHasHostPortAndPath(
    text: String, isEncrypted: Bool, host: String, port: Int, path: String
  ) throws {
    let url = try #require(DestinationURL(text))
    #expect(url.isEncrypted == isEncrypted)
    #expect(url.host == host && url.port == port && url.path == path)
  }

  @Test(arguments: [
    "", "localhost:4318", "ftp://h", "http://", "http:///path", "http://user@h", "http://u:p@h/",
    "http://h:0", "http://h:65536", "http://h:", "http://h:+1", "http://h:80:80", "http://h ",
    "http://h/a b", "http://h?x=1", "http://h/#f", "http://h/\r\nX: y", "http://h\u{0}",
    "http://[::1", "http://[]", "http://[::1]x", "http://[h]", "http://hüh", "http://h/ü",
    "http://h/" + String(repeating: "x", count: 4_096),
    "http://" + String(repeating: "x", count: 254),
  ])
  func whatIsNoURLIsRefused(text: String) {
    #expect(DestinationURL(text) == nil)
  }

  @Test func theHostHeaderLeavesOutWhatTheSchemeImplies() {
    #expect(DestinationURL("http://h:80/x")?.authority == "h")
    #expect(DestinationURL("https://h:80")?.authority == "h:80")
    #expect(DestinationURL("https://[::1]:443")?.authority == "[::1]")
    #expect(DestinationURL("https://[::1]")?.hostAndPort == "[::1]:443")
  }

  /// 2026-11-21 12:00:00 UTC.
  private static let noon: UInt64 = 1_795_262_400 * 1_000_000_000

  @Test(arguments: [
    ("0", 0), ("7", 7), ("86400", 86_400), ("999999999", 999_999_999),
    ("Sat, 21 Nov 2026 12:01:30 GMT", 90),
    ("Saturday, 21-Nov-26 12:01:30 GMT", 90),
    ("Sat Nov 21 12:01:30 2026", 90),
    ("Sun Nov  1 12:01:30 2026", 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
    ("Tue, 29 Feb 2028 12:00:00 GMT", 465 * 86_400),
    ("Fri, 01 Jan 2027 00:00:00 GMT", 41 * 86_400 - 43_200),
  ])
  func retryAfterIsSecondsOrADate(text: String, seconds: Int) {
    #expect(RetryAfter.delay(text, at: Self.noon) == .seconds(seconds))
  }

  @Test(arguments: [
    "", "-1", "+1", "1.5", "1e9", "9999999999", "soon", "Sat, 21 Nov 2026 12:01:30 CET",
    "Sat, 32 Nov 2026 12:01:30 GMT", "Sat, 21 Nix 2026 12:01:30 GMT",
    "Sat, 21 Nov 2026 24:01:30 GMT", "Sat, 21 Nov 2026 12:01 GMT", "Sat, 21 Nov -026 12:01:30 GMT",
    "Sat, 21 Nov 99999 12:01:30 GMT", "٧", "Nov", "a b c d e f", "Sat Nov 21 12:01:30",
  ])
  func whatIsNeitherIsNoDelay(text: String) {
    #expect(RetryAfter.delay(text, at: Self.noon) == nil)
  }

  @Test func aDateThatIsCutIsNoDelayOrAnEarlierOne() {
    let text = "Sat, 21 Nov 2026 12:01:30 GMT"
    for length in 0..<text.utf8.count {
      let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
      #expect(RetryAfter.delay(cut, at: Self.noon) == nil, "\(cut)")
    }
  }

  @Test func foreignTextBecomesOneBoundedPrintableLine() {
    #expect(SafeText.line("a\u{1b}[31m\n\n b\u{202e}c\u{0}") == "a [31m b c")
    #expect(SafeText.line([0xff, 0x41, 0xc3]) == "\u{fffd}A\u{fffd}")
    #expect(SafeText.line(String(repeating: "x", count: 9_999)).count == SafeText.limit + 1)
    #expect(SafeText.line(" \n\t ") == "")
    #expect(SafeText.line("Grüße 日本") == "Grüße 日本")
  }

  @Test func secretsAreTakenOutOfForeignText() {
    let line = SafeText.line(
      "token canary-17 of canary-17-long, and xcanary-17",
      hiding: [Secret("canary-17"), Secret("canary-17-long"), Secret("")])
    #expect(line == "token *** of ***, and x***")
  }

  /// - Source: RFC 4648, 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64IsThatOfTheStandard(text: String, expected: String) {
    #expect(Base64.encode(Array(text.utf8)) == expected)
  }
}
