import Foundation
import ProfileModel
import Testing

import ProfileFormats

@Suite struct PageTests {
  private func text(_ profile: Profile) -> String {
    String(decoding: HTMLFlameGraph.encode(profile, gzip: Gzip.stored), as: UTF8.self)
  }

  private var latencyText: String {
    String(
      decoding: LatencyPage.encode(LatencyFixtures.service(), gzip: Gzip.stored), as: UTF8.self)
  }

  private func between(_ start: String, _ end: String, in page: String) -> String? {
    guard let from = page.range(of: start),
      let to = page.range(of: end, range: from.upperBound..<page.endIndex)
    else { return nil }
    return String(page[from.upperBound..<to.lowerBound])
  }

  @Test(arguments: ["profile", "latency"])
  func thePolicyNamesTheHashesOfWhatThePageRuns(_ kind: String) throws {
    let page = kind == "profile" ? text(Fixtures.host()) : latencyText
    for (open, close, name) in [
      ("<script>", "</script>", "script"), ("<style>", "</style>", "style"),
    ] {
      let code = try #require(between(open, close, in: page))
      let hash = String(decoding: Base64.encode(SHA256.digest(Array(code.utf8))), as: UTF8.self)
      #expect(page.contains("\(name)-src 'sha256-\(hash)'"))
    }
    #expect(page.contains("default-src 'none'"))
    #expect(!page.contains("unsafe-"))
    #expect(!page.contains("{{"))
  }

  @Test func noNameStandsInThePageItself() {
    let page = text(Fixtures.hostile())
    #expect(!page.contains("pwned"))
    #expect(page.components(separatedBy: "<script").count == 3)
  }

  @Test(arguments: ["profile", "latency"])
  func theScriptNeverMakesMarkupOfText(_ kind: String) throws {
    let page = kind == "profile" ? text(Fixtures.host()) : latencyText
    let script = try #require(between("<script>", "</script>", in: page))
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
      #expect(!script.contains(forbidden))
    }
  }

  @Test func thePayloadTravelsWhole() throws {
    let page = text(Fixtures.host())
    let data = try #require(between("id=\"payload\">", "</script>", in: page))
    let decoded = try #require(Data(base64Encoded: data))
    #expect(Array(decoded) == Gzip.stored(ViewerPayload(Fixtures.host()).encoded()))
  }
}
