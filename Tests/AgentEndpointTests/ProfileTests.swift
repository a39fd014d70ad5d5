import AgentEndpoint
import Compression
import Testing

@Suite struct ProfileTests {
  @Test func aProfileIsAnsweredAsGoDoes() throws {
    let test = try TestEndpoint()
    test.content.change { $0.profile = .success(Array("pprof".utf8)) }
    let answer = try test.ask("GET /debug/pprof/profile?pid=42&seconds=7")
    #expect(answer.status == 200)
    #expect(answer.fields["content-type"] == "application/octet-stream")
    #expect(answer.fields["content-disposition"] == "attachment; filename=\"profile\"")
    #expect(answer.fields["x-content-type-options"] == "nosniff")
    #expect(try Gzip.decompress(answer.body, limit: 100) == Array("pprof".utf8))
    _ = try test.ask("GET /debug/pprof/profile")
    let expected = [ProfileRequest(pid: 42, seconds: 7), ProfileRequest(pid: nil, seconds: 30)]
    #expect(test.content.read { $0.profiles } == expected)
  }

  @Test func waitsHaveAnAddressOfTheirOwn() throws {
    let test = try TestEndpoint()
    test.content.change { $0.profile = .success(Array("pprof".utf8)) }
    #expect(try test.ask("GET /debug/pprof/offcpu?pid=42&seconds=7").status == 200)
    var expected = ProfileRequest(pid: 42, seconds: 7)
    expected.kind = .offCPU
    #expect(test.content.read { $0.profiles } == [expected])
  }

  @Test func allocationsAreOfOneProcessAndHaveAnAddressOfTheirOwn() throws {
    let test = try TestEndpoint()
    test.content.change { $0.profile = .success(Array("pprof".utf8)) }
    for (query, isLive) in [("", false), ("&live=0", false), ("&live=1&debug=0", true)] {
      #expect(try test.ask("GET /debug/pprof/allocs?pid=42&seconds=7\(query)").status == 200)
      var expected = ProfileRequest(pid: 42, seconds: 7)
      expected.kind = .allocations
      expected.isLive = isLive
      #expect(test.content.read { $0.profiles.last } == expected)
    }
    test.content.change { $0.profiles = [] }
    for query in ["", "?seconds=5", "?pid=42&live=yes", "?pid=42&live=", "?pid=0"] {
      let answer = try test.ask("GET /debug/pprof/allocs\(query)")
      #expect(answer.status == 400)
      #expect(answer.text.split(separator: "\n").count == 1)
    }
    #expect(test.content.read { $0.profiles.isEmpty })
    test.content.change { $0.profile = .failure(.impossible("it has no malloc")) }
    let refused = try test.ask("GET /debug/pprof/allocs?pid=42")
    #expect(refused.status == 422)
    #expect(refused.text == "it has no malloc\n")
  }

  @Test func allocationsWaitForEachOtherAlone() throws {
    let test = try TestEndpoint()
    let client = try test.connect()
    client.send("GET /debug/pprof/allocs?pid=1&seconds=5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(test.content.wait { $0.profiles.count == 1 })
    let refused = try test.ask("GET /debug/pprof/allocs?pid=2&seconds=5")
    #expect(refused.status == 429)
    #expect(refused.fields["retry-after"].flatMap { Int($0) }.map { (1...6).contains($0) } == true)
    test.content.change { $0.profile = .success([1]) }
    #expect(try test.ask("GET /debug/pprof/profile?seconds=1").status == 200)
  }

  @Test func bytesInGzipFormStayAsTheyAre() throws {
    let test = try TestEndpoint()
    let compressed = Gzip.compress(Array("pprof".utf8))
    test.content.change { $0.profile = .success(compressed) }
    #expect(try test.ask("GET /debug/pprof/profile?seconds=1").body == compressed)
  }

  @Test(arguments: [
    "seconds=0", "seconds=301", "seconds=-1", "seconds=", "seconds=1.5",
    "seconds=99999999999999999999",
    "pid=0", "pid=-1", "pid=4194305", "pid=self", "pid=%00", "pid=1%2b1", "seconds=5&pid=",
  ])
  func aQueryThatMakesNoSenseIsRefusedInOneLine(_ query: String) throws {
    let test = try TestEndpoint()
    let answer = try test.ask("GET /debug/pprof/profile?\(query)")
    #expect(answer.status == 400)
    #expect(answer.text.split(separator: "\n").count == 1)
    #expect(test.content.read { $0.profiles.isEmpty })
  }

  @Test func refusalsHaveAStatusOfTheirOwn() throws {
    let test = try TestEndpoint()
    test.content.change { $0.profile = .failure(.noSuchProcess(77)) }
    var answer = try test.ask("GET /debug/pprof/profile?pid=77")
    #expect(answer.status == 404)
    #expect(answer.text == "there is no process 77\n")
    test.content.change { $0.profile = .failure(.unavailable("CAP_BPF missing\r\nevil: 1")) }
    answer = try test.ask("GET /debug/pprof/profile")
    #expect(answer.status == 503)
    #expect(answer.text == "CAP_BPF missing\u{FFFD}\u{FFFD}evil: 1\n")
  }

  @Test func aProfileEndsWhenItsClientGoesAway() throws {
    let test = try TestEndpoint()
    var connection: Connection? = try test.connect()
    connection?.send("GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(test.content.wait { $0.profiles.count == 1 })
    connection = nil
    #expect(test.content.wait { $0.cancelled == 1 })
  }

  @Test func moreProfilesThanAllowedHaveToWait() throws {
    let test = try TestEndpoint()
    var clients = try (0..<2).map { _ in try test.connect() }
    for client in clients {
      client.send("GET /debug/pprof/profile?seconds=5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }
    #expect(test.content.wait { $0.profiles.count == 2 })
    let refused = try test.ask("GET /debug/pprof/profile?seconds=5")
    #expect(refused.status == 429)
    #expect(refused.fields["retry-after"].flatMap { Int($0) }.map { (1...5).contains($0) } == true)
    // Slots come back when clients leave.
    clients = []
    #expect(test.content.wait { $0.cancelled == 2 })
    test.content.change { $0.profile = .success([1]) }
    var status = 429
    for _ in 0..<1_000 where status == 429 {
      status = try test.ask("GET /debug/pprof/profile?seconds=1").status
    }
    #expect(status == 200)
  }

  @Test func aProfileThatNeverEndsIsGivenUp() throws {
    let test = try TestEndpoint { $0.limits.workTime = .milliseconds(50) }
    let answer = try test.ask("GET /debug/pprof/profile?seconds=1")
    #expect(answer.status == 504)
    #expect(test.content.wait { $0.cancelled == 1 })
  }

  @Test func stoppingEndsWhatIsGoingOn() throws {
    let test = try TestEndpoint()
    let client = try test.connect()
    client.send("GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(test.content.wait { $0.profiles.count == 1 })
    test.endpoint.stop()
    #expect(test.content.read { $0.cancelled } == 1)
    #expect(client.isClosed)
  }
}
