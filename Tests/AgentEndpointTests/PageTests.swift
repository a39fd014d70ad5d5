import Compression
import Health
import Testing

@Suite struct PageTests {
  @Test func healthIs503OnlyWhenTheAgentDoesNotDoItsJob() throws {
    let test = try TestEndpoint()
    var answer = try test.ask("GET /health")
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "application/json")
    #expect(answer.text.contains("\"state\": \"ok\""))
    test.content.change {
      $0.status.destinations = [
        DestinationStatus(name: "a", kind: "otlp", url: "http://h", state: .failing)
      ]
    }
    answer = try test.ask("GET /health")
    #expect(answer.status == 200)
    #expect(answer.text.contains("\"state\": \"degraded\""))
    test.content.change { $0.status.sampling = .dead(cause: "gone") }
    answer = try test.ask("GET /health")
    #expect(answer.status == 503)
    #expect(answer.text.contains("\"state\": \"failed\""))
    #expect(try test.ask("GET /status").status == 503)
  }

  @Test func readyTellsWhetherSamplesAreTaken() throws {
    let test = try TestEndpoint()
    #expect(try test.ask("GET /ready").status == 200)
    test.content.change { $0.status.phase = .starting }
    let answer = try test.ask("GET /ready")
    #expect(answer.status == 503)
    #expect(answer.text == "not ready: starting\n")
  }

  @Test func aHeadRequestGetsTheHeadAlone() throws {
    let test = try TestEndpoint()
    for page in ["/health", "/metrics", "/status", "/debug/pprof/"] {
      let whole = try test.ask("GET \(page)")
      let head = try test.ask("HEAD \(page)")
      #expect(head.status == 200)
      #expect(head.body.isEmpty)
      #expect(head.fields["content-length"] == "\(whole.body.count)")
    }
    #expect(try test.ask("HEAD /debug/pprof/profile?seconds=300").status == 200)
    #expect(test.content.read { $0.profiles.isEmpty })
  }

  @Test func metricsAreCompressedWhenAskedFor() throws {
    let test = try TestEndpoint()
    let plain = try test.ask("GET /metrics", ["Accept-Encoding: gzip;q=0, identity"])
    #expect(plain.text.contains("up 1"))
    #expect(plain.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let compressed = try test.ask("GET /metrics", ["Accept-Encoding: deflate, gzip"])
    #expect(compressed.fields["content-encoding"] == "gzip")
    #expect(try Gzip.decompress(compressed.body, limit: 1 << 20) == plain.body)
  }

  @Test func aPageThatIsNotThereAndAMethodThatIsNotAnsweredAreOneLine() throws {
    let test = try TestEndpoint()
    #expect(try test.ask("GET /nothing").status == 404)
    let answer = try test.ask("DELETE /health")
    #expect(answer.status == 405)
    #expect(answer.fields["allow"] == "GET, HEAD")
    #expect(answer.text == "only GET and HEAD are answered here\n")
  }

  @Test func theIndexListsThePages() throws {
    let test = try TestEndpoint()
    #expect(try test.ask("GET /").text.contains("/debug/pprof/profile"))
    let page = try test.ask("GET /debug/pprof/")
    #expect(page.fields["content-type"] == "text/html; charset=utf-8")
    #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
    #expect(page.text.contains("<form action=\"/debug/pprof/profile\">"))
  }

  @Test func requestsOfOneConnectionAreAnsweredInTheirOrder() throws {
    let test = try TestEndpoint()
    let connection = try test.connect()
    connection.send(
      ["/ready", "/nothing", "/metrics", "/health"].map {
        "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n"
      }.joined() + "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let text = String(decoding: connection.readToEnd(), as: UTF8.self)
    let codes = text.matches(of: #/HTTP/1\.1 (\d+)/#).map { String($0.1) }
    #expect(codes == ["200", "404", "200", "200", "200"])
  }
}
