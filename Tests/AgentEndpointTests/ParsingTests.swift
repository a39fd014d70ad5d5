import Testing

@testable import AgentEndpoint

@Suite struct ParsingTests {
  @Test(arguments: [
    ("a=1&b=2", "a", "1"), ("a=1&a=2", "a", "1"), ("a", "a", ""), ("=x", "", "x"),
    ("a=b=c", "a", "b=c"),
    ("a=%41%4", "a", "A%4"), ("a=%", "a", "%"), ("a=x+y%2B", "a", "x y+"), ("%61=1", "a", "1"),
    ("a=%zz", "a", "%zz"), ("&&a=1", "a", "1"),
  ])
  func aQueryIsTakenApart(_ query: String, _ name: String, _ value: String) {
    #expect(QueryText(query[...])[name] == value)
    #expect(QueryText(query[...])["other"] == nil)
  }

  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar"), ("Zg", "f"),
  ])
  func base64IsDecoded(_ text: String, _ bytes: String) {
    #expect(Base64Text.decode(text) == Array(bytes.utf8))
    #expect(Base64Text.decode(text + "*") == nil)
  }

  @Test(arguments: [
    (["gzip"], true), (["deflate, GZIP;q=0.5"], true), (["*"], true), (["deflate", "gzip"], true),
    (["gzip;q=0"], false), (["gzip; q=0.000, *"], false), ([""], false), ([], false),
    ([",;,=;q=,"], false), (["*;q=0"], false), (["gzippy"], false),
  ])
  func gzipIsFoundAmongTheEncodings(_ fields: [String], _ isAccepted: Bool) {
    #expect(AcceptedEncoding.hasGzip(fields) == isAccepted)
  }

  @Test func tokensAreEqualOrNot() {
    let token = Array("0123456789abcdef".utf8)
    #expect(BearerToken.isEqual(token, token))
    for index in token.indices {
      var other = token
      other[index] ^= 1
      #expect(!BearerToken.isEqual(other, token))
      #expect(!BearerToken.isEqual(Array(token[..<index]), token))
    }
    #expect(!BearerToken.isEqual(token + token, token))
    #expect(!BearerToken.isEqual([], []))
  }

  @Test func whatIsNoAnswerOfAnAgentIsNone() {
    let answer = Array("HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\nbad\u{1b}[31m\nline\n".utf8)
    let parsed = StatusClient.answer(in: answer)
    #expect(parsed == .init(isHealthy: false, text: "bad\u{FFFD}[31m\nline\n"))
    for end in answer.indices {
      if let part = StatusClient.answer(in: Array(answer[..<end])) {
        #expect(part.isHealthy == false)
      }
    }
    #expect(StatusClient.answer(in: Array("wick 0.1.0 on x: ok\n".utf8)) == nil)
    #expect(StatusClient.answer(in: []) == nil)
  }
}
