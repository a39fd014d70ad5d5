import AgentEndpoint
import Foundation
import Health
import HostMetrics
import LinuxHost
import MetricFormats
import MetricModel
import Testing

/// The programs that people use, against the endpoint.
@Suite struct RealClientTests {
  private func run(_ arguments: [String], _ folder: Folder, input: [UInt8] = []) throws
    -> Program.Result
  {
    // A program that hangs must not hang the test.
    try Program(["timeout", "40"] + arguments, folder: folder, input: input).finish()
  }

  /// Two seconds of a program that spins in two functions, as `wick record` wrote them.
  private func profile() throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return Array(try Data(contentsOf: folder.appending(path: "Fixtures/spin.pb.gz")))
  }

  private func hostMetrics() -> [UInt8] {
    PrometheusText.encode(MetricRegistry(roots: HostRoots()).collect().families)
  }

  @Test func curlReadsHealth() throws {
    let test = try TestEndpoint()
    let whole = try run(["curl", "-sS", "-i", "\(test.url)/health"], test.folder)
    #expect(whole.output.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(whole.errors)")
    let head = try run(["curl", "-sS", "-I", "\(test.url)/health"], test.folder)
    #expect(head.output.contains("content-type: application/json\r\n"))
    let local = try run(
      ["curl", "-sS", "-f", "--unix-socket", test.socketPath, "http://agent/ready"], test.folder)
    #expect(local.output == "ready\n")
    let page = try run(["curl", "-sS", "--compressed", "\(test.url)/metrics"], test.folder)
    #expect(page.output == "# TYPE up gauge\nup 1\n")
    // Pages of other sites reach the agent by names like this one.
    let rebound = try run(
      [
        "curl", "-sS", "--resolve", "evil.test:\(test.port):127.0.0.1",
        "http://evil.test:\(test.port)/health",
      ],
      test.folder)
    #expect(rebound.output.hasPrefix("this agent is not known by that name"))
  }

  @Test func netcatShowsTheStatus() throws {
    let test = try TestEndpoint()
    // Netcat closes its side at once when its input ends (-N), or only when the agent does.
    for options in [["-N", "-U"], ["-U"]] {
      let result = try run(["nc"] + options + [test.socketPath], test.folder)
      #expect(result.output == TestEndpoint.healthy.screen, "\(options) \(result.errors)")
    }
  }

  @Test func goToolPprofReadsAProfile() throws {
    let test = try TestEndpoint()
    let profile = try profile()
    test.content.change { $0.profile = .success(profile) }
    let url = "\(test.url)/debug/pprof/profile?pid=42&seconds=1"
    let top = try run(["go", "tool", "pprof", "-top", url], test.folder)
    #expect(top.status == 0, "\(top.errors)")
    #expect(top.output.contains("outer_work") && top.output.contains("inner_work"))
    let raw = try run(["go", "tool", "pprof", "-raw", url], test.folder)
    #expect(raw.output.contains("samples/count cpu/nanoseconds"), "\(raw.output.prefix(300))")
    #expect(
      test.content.read { $0.profiles } == [.init(pid: 42, seconds: 1), .init(pid: 42, seconds: 1)])
    // It adds the seconds that are asked for.
    _ = try run(
      ["go", "tool", "pprof", "-top", "-seconds", "2", "\(test.url)/debug/pprof/profile"],
      test.folder)
    #expect(test.content.read { $0.profiles.last } == .init(pid: nil, seconds: 2))
  }

  @Test func goToolPprofShowsATokenAsAPassword() throws {
    let folder = try Folder()
    let file = try folder.write(AccessTests.token, to: "token")
    let test = try TestEndpoint { $0.tokenFile = file }
    let profile = try profile()
    test.content.change { $0.profile = .success(profile) }
    let host = "127.0.0.1:\(test.port)/debug/pprof/profile?seconds=1"
    let refused = try run(["go", "tool", "pprof", "-top", "http://\(host)"], test.folder)
    #expect(refused.status != 0)
    #expect(refused.errors.contains("401"))
    let top = try run(
      ["go", "tool", "pprof", "-top", "http://wick:\(AccessTests.token)@\(host)"], test.folder)
    #expect(top.output.contains("outer_work"), "\(top.errors)")
  }

  @Test func promtoolReadsTheMetrics() throws {
    let test = try TestEndpoint()
    let metrics = hostMetrics()
    test.content.change { $0.metrics = metrics }
    let page = try run(["curl", "-sS", "--compressed", "\(test.url)/metrics"], test.folder)
    let check = try run(
      ["promtool", "check", "metrics"], test.folder, input: Array(page.output.utf8))
    // 3 means that it would name them differently: they are node_exporter's names.
    #expect([0, 3].contains(check.status), "\(check.errors)")
    let faults = check.errors.split(separator: "\n").filter { line in
      !["'snake_case' not 'camelCase'", "use base unit \"bytes\" instead of \"bits\""]
        .contains { line.hasSuffix($0) } && !line.allSatisfy { $0 == " " }
    }
    #expect(faults.isEmpty)
    #expect(Array(page.output.utf8) == metrics)
  }

  @Test func prometheusScrapesWithTheToken() throws {
    let folder = try Folder()
    let file = try folder.write(AccessTests.token, to: "token")
    let test = try TestEndpoint { $0.tokenFile = file }
    let metrics = hostMetrics()
    test.content.change { $0.metrics = metrics }
    let port = try Self.freePort()
    let configuration = try folder.write(
      """
      global: {scrape_interval: 500ms}
      scrape_configs:
      - job_name: wick
        authorization: {credentials_file: \(file)}
        static_configs: [{targets: ["127.0.0.1:\(test.port)"]}]
      """, to: "prometheus.yml")
    let prometheus = try Program(
      [
        "prometheus", "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/data",
        "--web.listen-address=127.0.0.1:\(port)",
      ], folder: folder)
    defer { prometheus.stop() }
    var answer = ""
    for _ in 0..<300 {
      answer = try run(
        [
          "curl", "-sS", "-g",
          "http://127.0.0.1:\(port)/api/v1/query?query=node_boot_time_seconds{job=\"wick\"}",
        ], folder
      ).output
      if answer.contains("node_boot_time_seconds") { break }
      usleep(100_000)
    }
    #expect(answer.contains("\"instance\":\"127.0.0.1:\(test.port)\""), "\(answer)")
  }

  private static func freePort() throws -> Int { try TestEndpoint { $0.socketPath = nil }.port }
}
