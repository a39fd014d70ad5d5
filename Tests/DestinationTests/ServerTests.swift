import Compression
import Foundation
import LinuxHost
import Testing

@testable import Export

/// Requests and answers over real sockets, with a real server at the other end.
@Suite(.timeLimit(.minutes(2))) struct ServerTests {
  private static func accepted(_ rejected: UInt64 = 0, _ message: String? = nil) -> DeliveryOutcome
  {
    .accepted(rejected: rejected, message: message)
  }

  @Test func eachKindOfBatchGoesWhereItBelongs() async throws {
    let server = try RealServer()
    var settings = DestinationSettings.test(server.url("ok"))
    settings.headers = [.init(name: "X-Scope-OrgID", value: "tenant-1")]
    let destination = try HTTPDestination.test(settings)
    var batches = [Topic.otlpMetrics, .otlpProfiles, .pyroscopePush].map { Batch.test(topic: $0) }
    let form =
      "--wick-boundary.1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--wick-boundary.1--\r\n"
    batches.append(.test(Array(form.utf8), topic: .pyroscopeIngest))
    batches[3].head = Array("name=shop%7Bregion%3Dus%7D&from=1&until=2".utf8)
    for batch in batches { #expect(await destination.send(batch) == Self.accepted()) }
    let seen = try server.requests()
    #expect(
      seen.map(\.target) == [
        "/ok/v1/metrics", "/ok/v1development/profiles", "/ok/push.v1.PusherService/Push",
        "/ok/ingest?name=shop%7Bregion%3Dus%7D&from=1&until=2",
      ])
    #expect(
      seen.map { $0.headers["content-type"] } == [
        "application/x-protobuf", "application/x-protobuf", "application/proto",
        "multipart/form-data; boundary=wick-boundary.1",
      ])
    #expect(seen.map { $0.headers["content-encoding"] } == ["gzip", "gzip", nil, nil])
    #expect(seen.map { $0.headers["idempotency-key"] } == batches.map { $0.id.description })
    #expect(seen.allSatisfy { $0.method == "POST" && $0.headers["user-agent"] == "wick/test" })
    #expect(seen.allSatisfy { $0.headers["x-scope-orgid"] == "tenant-1" })
    #expect(seen[2].headers["connect-protocol-version"] == "1" && seen[2].length == 5)
    #expect(seen[0].headers["host"] == "127.0.0.1:\(server.port("http"))")
  }

  @Test func bodiesAreCompressedAsTheSettingsSay() async throws {
    let server = try RealServer()
    let plain = [UInt8](repeating: 7, count: 3 << 20)
    let packed = Gzip.compress(plain)
    var batch = Batch.test(packed)
    batch.isCompressed = true
    for compresses in [true, false] {
      var settings = DestinationSettings.test(server.url("ok"))
      settings.compresses = compresses
      let destination = try HTTPDestination.test(settings)
      #expect(await destination.send(batch) == Self.accepted())
      #expect(await destination.send(.test(plain)) == Self.accepted())
    }
    let lengths = try server.requests().map(\.length)
    #expect(lengths == [packed.count, packed.count, plain.count, plain.count])
    // Damaged on the disk: it can never be sent.
    batch.body.removeLast(100)
    var settings = DestinationSettings.test(server.url("ok"))
    settings.compresses = false
    guard case .dropped = await (try HTTPDestination.test(settings)).send(batch) else {
      return #expect(Bool(false))
    }
  }

  @Test func answersAreUnderstood() async throws {
    let server = try RealServer()
    func outcome(_ mode: String) async throws -> DeliveryOutcome {
      try await HTTPDestination.test(.test(server.url(mode))).send(.test())
    }
    func delay(_ mode: String) async throws -> Duration? {
      guard case .later(let refusal) = try await outcome(mode) else { return nil }
      return refusal.delay
    }
    #expect(try await outcome("partial") == Self.accepted(3, "too [31m old"))
    #expect(try await delay("429") == .seconds(7))
    let dated = try #require(try await delay("date"))
    #expect(dated > .seconds(80) && dated <= .seconds(90))
    var large = DestinationSettings.test(server.url("early"))
    large.compresses = false
    guard
      case .dropped(let early) = try await HTTPDestination.test(large)
        .send(.test(Array(repeating: 1, count: 4 << 20)))
    else { return #expect(Bool(false)) }
    #expect(early.contains("answered 413"))
    let http = "127.0.0.1:\(server.port("http"))"
    #expect(
      try await outcome("refused")
        == .dropped(reason: "\(http)/refused/v1/metrics answered 400: what is this (see its log)"))
  }

  @Test func redirectsAreNotFollowed() async throws {
    let server = try RealServer()
    guard
      case .later(let refusal) = try await HTTPDestination.test(.test(server.url("redirect")))
        .send(.test())
    else { return #expect(Bool(false)) }
    #expect(refusal.reason.contains("answered 307 (redirects are not followed"))
    #expect(try server.requests().map(\.target) == ["/redirect/v1/metrics"])
  }

  @Test func secretsAreReadForEachRequestAndNeverRepeated() async throws {
    let server = try RealServer()
    let file = try server.write("canary-one\n", to: "token")
    var settings = DestinationSettings.test(server.url("echo"))
    settings.authentication = .bearer(tokenFile: file)
    settings.headers = [.init(name: "X-Api-Key", value: "canary-header")]
    let destination = try HTTPDestination.test(settings)
    let first = await destination.send(.test())
    _ = try server.write("canary-two", to: "token")
    let second = await destination.send(.test())
    settings.authentication = .basic(user: "me", passwordFile: file)
    let third = try await HTTPDestination.test(settings).send(.test())
    #expect(
      try server.requests().map { $0.headers["authorization"] } == [
        "Bearer canary-one", "Bearer canary-two", "Basic bWU6Y2FuYXJ5LXR3bw==",
      ])
    for outcome in [first, second, third] {
      let text = String(describing: outcome)
      #expect(text.contains("answered 400") && text.contains("***"))
      #expect(!text.contains("canary") && !text.contains("bWU6"))
    }
    try FileManager.default.removeItem(atPath: file)
    guard case .later(let refusal) = await destination.send(.test()) else {
      return #expect(Bool(false))
    }
    #expect(refusal.reason == "cannot read \(file): No such file or directory (check the path)")
  }

  @Test func aConnectionIsUsedAgainAndAStaleOneIsReplaced() async throws {
    let server = try RealServer()
    for mode in ["ok", "closing", "stale", "double"] {
      let destination = try HTTPDestination.test(.test(server.url(mode)))
      for _ in 0..<20 {
        var outcome = await destination.send(.test())
        // The server may close while the request is on its way: then it is sent again.
        if case .later = outcome { outcome = await destination.send(.test()) }
        #expect(outcome == Self.accepted(), "\(mode)")
      }
      destination.close()
      guard case .later(let refusal) = await destination.send(.test()) else {
        return #expect(Bool(false))
      }
      #expect(refusal.reason == "interrupted: wick stops")
    }
    #expect(try server.requests().count >= 80)
  }

  @Test func aServerThatIsNotThereIsNamedWithWhatHelps() async throws {
    let server = try RealServer()
    func reason(_ url: String, proxy: String? = nil) async throws -> String {
      var settings = DestinationSettings.test(url)
      settings.timeout = .milliseconds(500)
      settings.proxy = proxy
      guard case .later(let refusal) = try await HTTPDestination.test(settings).send(.test())
      else { return "" }
      return refusal.reason
    }
    #expect(
      try await reason("http://127.0.0.1:1") == "cannot connect to 127.0.0.1:1: Connection refused "
        + "(is the server running there?)")
    #expect(
      try await reason("http://no-such-host.invalid").hasPrefix(
        "cannot find the address of no-such-host.invalid:80 (check the name"))
    #expect(try await reason(server.url(at: "deaf")).hasPrefix("no answer from 127.0.0.1:"))
    #expect(try await reason(server.url("silent")).hasPrefix("no answer from 127.0.0.1:"))
    #expect(
      try await reason("http://h", proxy: "http://127.0.0.1:1").hasPrefix(
        "cannot connect to 127.0.0.1:1"))
  }

  @Test func whoStopsDoesNotWaitForTheServer() async throws {
    let server = try RealServer()
    let destination = try HTTPDestination.test(.test(server.url("silent")))
    let queue = MemoryQueue([.test()])
    let loop = DeliveryLoop(from: queue.source, to: destination, pacer: RetryPacer())
    let task = Task { await loop.run() }
    while try server.requests().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    await loop.stop(within: .milliseconds(50))
    await task.value
    #expect(loop.figures.lastError == "interrupted: wick stops")
    #expect(queue.waiting.count == 1)
  }
}
