import LinuxHost
import Testing

@testable import Export

/// What the answers of servers mean.
@Suite struct AnswerTests {
  /// `partial_success { rejected: 300, message: "no" }` behind a field that nobody knows.
  private static let partial: [UInt8] =
    [0x7a, 2, 1, 2] + [0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2] + Array("no".utf8)

  private static func outcome(_ answer: HTTPAnswer) throws -> DeliveryOutcome {
    let url = try #require(DestinationURL("http://h:4318"))
    let reading = AnswerReading(url: url, path: "/v1/metrics", secrets: [Secret("canary")])
    return reading.outcome(of: answer, unixNanoseconds: 0)
  }

  private static func protobuf(_ status: Int, _ body: [UInt8]) -> HTTPAnswer {
    HTTPAnswer(status: status, contentType: "application/x-protobuf", body: body)
  }

  @Test func rejectedItemsAreCountedWithTheServersReason() throws {
    #expect(
      try Self.outcome(Self.protobuf(200, Self.partial)) == .accepted(rejected: 300, message: "no"))
    #expect(try Self.outcome(Self.protobuf(200, [])) == .accepted(rejected: 0, message: nil))
    // Only protobuf is read as protobuf.
    #expect(
      try Self.outcome(HTTPAnswer(status: 200, contentType: "text/plain", body: Self.partial))
        == .accepted(rejected: 0, message: nil))
  }

  @Test func anAnswerThatIsCutOrDamagedIsNoTrap() {
    for length in 0..<Self.partial.count {
      let cut = Array(Self.partial.prefix(length))
      #expect(OTLPAnswer.partialSuccess(cut)?.rejected ?? 0 <= 300)
      _ = OTLPAnswer.errorMessage(cut)
      for bit in 0..<8 {
        var flipped = Self.partial
        flipped[length] ^= 1 << UInt8(bit)
        _ = OTLPAnswer.partialSuccess(flipped)
        _ = OTLPAnswer.errorMessage(flipped)
      }
    }
    // A negative number of items, a length of 2^63 and a number without end.
    #expect(
      OTLPAnswer.partialSuccess(
        [0x0a, 11, 0x08] + [UInt8](repeating: 0xff, count: 9) + [1]) == nil)
    #expect(
      OTLPAnswer.partialSuccess([0x0a] + [UInt8](repeating: 0xff, count: 8) + [0x7f]) == nil)
    #expect(OTLPAnswer.partialSuccess([UInt8](repeating: 0xff, count: 99)) == nil)
  }

  @Test(arguments: [408, 425, 429, 500, 502, 503, 504, 507, 520, 301, 302, 307, 308, 401, 403, 407])
  func nothingIsThrownAwayThatTheBatchIsNotToBlameFor(status: Int) throws {
    guard case .later(let refusal) = try Self.outcome(HTTPAnswer(status: status)) else {
      Issue.record("\(status) is not tried again")
      return
    }
    #expect(refusal.reason.hasPrefix("h:4318/v1/metrics answered \(status) ("))
    #expect(refusal.suspectsBatch == [500, 507, 520].contains(status))
  }

  @Test(arguments: [400, 404, 405, 413, 415, 422, 501])
  func whatTheServerWillNeverTakeIsDropped(status: Int) throws {
    guard case .dropped(let reason) = try Self.outcome(HTTPAnswer(status: status)) else {
      Issue.record("\(status) is tried again")
      return
    }
    #expect(reason.hasPrefix("h:4318/v1/metrics answered \(status) ("))
  }

  @Test func theServersWordsAreQuotedWithoutOurSecrets() throws {
    let status: [UInt8] = [0x08, 3, 0x12, 10] + Array("bad canary".utf8)
    #expect(
      try Self.outcome(Self.protobuf(400, status))
        == .dropped(reason: "h:4318/v1/metrics answered 400: bad *** (see its log)"))
    let html = HTTPAnswer(status: 503, body: Array("<h1>canary\r\nis down".utf8))
    guard case .later(let refusal) = try Self.outcome(html) else { return #expect(Bool(false)) }
    #expect(refusal.reason.contains("503: <h1>*** is down ("))
    // Nobody can read compressed words.
    let compressed = HTTPAnswer(status: 400, contentEncoding: "gzip", body: [1, 2, 0x41])
    #expect(
      try Self.outcome(compressed)
        == .dropped(reason: "h:4318/v1/metrics answered 400 (see its log)"))
  }
}
