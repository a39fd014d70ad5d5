import AgentEndpoint
import Foundation
import Testing

@Suite struct AccessTests {
  static let token = "0123456789abcdefCANARY"

  private func endpoint(_ folder: Folder) throws -> TestEndpoint {
    let file = try folder.write(Self.token + "\n", to: "token")
    return try TestEndpoint { $0.tokenFile = file }
  }

  @Test func withoutTheTokenOnlyTheStateIsTold() throws {
    let folder = try Folder()
    let test = try endpoint(folder)
    for page in [
      "/metrics", "/debug/pprof/profile?seconds=1", "/debug/pprof/", "/status", "/", "/x",
    ] {
      for field in ["X: y", "Authorization: Bearer no", "Authorization: Bearer \(Self.token)x"] {
        let answer = try test.ask("GET \(page)", [field])
        #expect(answer.status == 401, "\(page) \(field)")
        #expect(answer.fields["www-authenticate"] == "Bearer realm=\"wick\"")
        #expect(!answer.text.contains("CANARY"))
      }
    }
    let health = try test.ask("GET /health")
    #expect(health.status == 200)
    #expect(health.text == "{\n  \"state\": \"ok\",\n  \"ready\": true\n}\n")
    #expect(try test.ask("GET /ready").status == 200)
  }

  @Test func theTokenOpensEverything() throws {
    let folder = try Folder()
    let test = try endpoint(folder)
    let basic = Data("anybody:\(Self.token)".utf8).base64EncodedString()
    for field in ["Authorization: Bearer \(Self.token)", "authorization: basic \(basic)"] {
      #expect(try test.ask("GET /metrics", [field, "Host: node.example"]).status == 200)
      #expect(try test.ask("GET /health", [field]).text.contains("0.1.0"))
    }
  }

  @Test func aTokenCanBeExchanged() throws {
    let folder = try Folder()
    let test = try endpoint(folder)
    _ = try folder.write("another-token-of-enough-length", to: "token")
    var status = 401
    for _ in 0..<400 where status == 401 {
      status = try test.ask(
        "GET /metrics", ["Authorization: Bearer another-token-of-enough-length"]
      ).status
      usleep(10_000)
    }
    #expect(status == 200)
    #expect(try test.ask("GET /metrics", ["Authorization: Bearer \(Self.token)"]).status == 401)
  }

  @Test(arguments: [
    "evil.example", "evil.example:9345", "127.0.0.1.evil.example", "localhost.evil.example",
    "127.1",
    "[::2]", "", "127.0.0.1@evil",
  ])
  func aNameFromElsewhereIsRefused(_ host: String) throws {
    let test = try TestEndpoint()
    #expect(try test.ask("GET /health", ["Host: \(host)"]).status == 403)
  }

  @Test(arguments: ["localhost", "LocalHost:9345", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "node7"])
  func aNameOfOursIsTaken(_ host: String) throws {
    let test = try TestEndpoint { $0.hostNames = ["Node7"] }
    #expect(try test.ask("GET /health", ["Host: \(host)"]).status == 200)
    #expect(try test.ask("GET /health", ["Host: \(host)", "Origin: http://\(host)"]).status == 200)
    #expect(try test.ask("GET /health", ["Host: \(host)", "Origin: http://evil"]).status == 403)
    #expect(try test.ask("GET /health", ["Host: \(host)", "Origin: null"]).status == 403)
    for (site, status) in [("none", 200), ("same-origin", 200), ("cross-site", 403)] {
      let answer = try test.ask("GET /health", ["Host: \(host)", "Sec-Fetch-Site: \(site)"])
      #expect(answer.status == status)
    }
    #expect(try test.ask("GET /health", ["Host: \(host)", "Host: x"]).status == 403)
  }

  @Test(arguments: ["0.0.0.0", "::"])
  func anAddressThatOthersReachNeedsAToken(_ host: String) throws {
    let error = #expect(throws: EndpointError.self) { try TestEndpoint { $0.host = host } }
    #expect("\(try #require(error))".contains("http.token_file"))
    let folder = try Folder()
    let file = try folder.write(Self.token, to: "token")
    let test = try TestEndpoint {
      $0.host = host
      $0.tokenFile = file
    }
    #expect(try test.ask("GET /health").status == 200)
  }

  @Test func aTokenThatCanBeGuessedOrReadByOthersIsRefused() throws {
    let folder = try Folder()
    for (name, text) in [("short", "abc"), ("empty", ""), ("lines", "0123456789abcdef\nmore")] {
      let file = try folder.write(text, to: name)
      let error = #expect(throws: EndpointError.self) { try TestEndpoint { $0.tokenFile = file } }
      #expect("\(try #require(error))".contains(file))
    }
    let open = try folder.write(Self.token, to: "open")
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: open)
    let error = #expect(throws: EndpointError.self) { try TestEndpoint { $0.tokenFile = open } }
    #expect("\(try #require(error))".hasPrefix("http.token_file: others may write"))
    #expect(throws: EndpointError.self) { try TestEndpoint { $0.tokenFile = "/nonexistent" } }
  }
}
