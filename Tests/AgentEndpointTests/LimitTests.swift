import AgentEndpoint
import Testing

@Suite struct LimitTests {
  @Test func aHeadThatIsTooLargeIsRefused() throws {
    let test = try TestEndpoint()
    let long = try test.ask("GET /health", ["X: " + String(repeating: "x", count: 17_000)])
    #expect(long.status == 431)
    let many = try test.ask("GET /health", (0..<100).map { "X\($0): y" })
    #expect(many.status == 431)
    let uri = try test.ask("GET /" + String(repeating: "x", count: 100_000))
    #expect([0, 400, 404, 431].contains(uri.status))
    #expect(try test.ask("GET /health").status == 200)
  }

  @Test func aBodyIsNotTaken() throws {
    let test = try TestEndpoint()
    #expect(try test.ask("GET /health", ["Content-Length: 5"]).status == 413)
    #expect(try test.ask("GET /health", ["Transfer-Encoding: chunked"]).status == 413)
  }

  @Test(arguments: [
    "nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}",
  ])
  func whatIsNotHTTPIsAnsweredInOneLineOrNotAtAll(_ bytes: String) throws {
    let test = try TestEndpoint { $0.limits.headTime = .milliseconds(100) }
    let connection = try test.connect()
    connection.send(bytes)
    let answer = Answer(connection.readToEnd())
    #expect([0, 400].contains(answer.status))
    #expect(try test.ask("GET /health").status == 200)
  }

  @Test func aRequestThatEndsAnywhereDoesNoHarm() throws {
    let test = try TestEndpoint { $0.limits.headTime = .milliseconds(100) }
    let request = Array(
      "GET /health?a=%41 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".utf8)
    for end in 0..<request.count {
      let connection = try test.connect()
      connection.send(Array(request[..<end]))
    }
    #expect(try test.ask("GET /health").status == 200)
  }

  @Test func aHeadThatComesTooSlowlyIsCutOff() throws {
    let test = try TestEndpoint { $0.limits.headTime = .milliseconds(200) }
    let connection = try test.connect()
    connection.send("GET /health HTTP/1.1\r\nHost: local")
    #expect(connection.isClosed)
    #expect(test.endpoint.figures.expiredConnections == 1)
  }

  @Test func aConnectionThatIsIdleTooLongIsClosed() throws {
    let test = try TestEndpoint { $0.limits.idleTime = .milliseconds(200) }
    let connection = try test.connect()
    connection.send("GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(Answer(connection.readToEnd()).status == 200)
  }

  @Test func aClientThatDoesNotReadIsCutOff() throws {
    let test = try TestEndpoint { $0.limits.writeTime = .milliseconds(2) }
    test.content.change { $0.metrics = Array(repeating: 65, count: 16 << 20) }
    let connection = try Connection(port: test.port, receiveBuffer: 4_096)
    connection.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for _ in 0..<2_000 where test.endpoint.figures.expiredConnections == 0 {
      test.content.change { _ in }
      _ = try test.ask("GET /ready")
    }
    #expect(test.endpoint.figures.expiredConnections >= 1)
    #expect(connection.readToEnd().count < 16 << 20)
  }

  @Test func aThousandIdleConnectionsKeepNobodyOut() throws {
    let test = try TestEndpoint()
    var idle: [Connection] = []
    for number in 0..<1_000 {
      let connection = try test.connect()
      if number.isMultiple(of: 2) { connection.send("GET /health HT") }
      idle.append(connection)
      if number.isMultiple(of: 100) { #expect(try test.ask("GET /health").status == 200) }
    }
    #expect(try test.ask("GET /health").status == 200)
    #expect(idle[0].isClosed)
    #expect(test.endpoint.figures.evictedConnections >= 1_000 - 128)
    #expect(idle.count == 1_000)
  }
}
