import Foundation
import Testing

extension RecordTests {
  /// `wick top` where there is no terminal; Scripts/test-top has one.
  @Suite struct TopTests {
    struct Row: Decodable {
      var reason: String?
      var function: String
      var module: String
      var process: String
      var pids: [Int]
      var value: Double?
      var own: Double?
      var total: Double?
    }
    struct Table: Decodable {
      struct Ledger: Decodable {
        var taken: Int
        var complete: Int
        var partial: Int
        var dropped: Int
      }
      var value: Double
      var ledger: Ledger
      var functions: [Row]?
      var waits: [Row]?
    }
    struct Line: Decodable {
      var duration_ns: Double
      var events: [String: Table]
    }

    private func lines(_ output: String) throws -> [Line] {
      try output.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
    }

    @Test func aKnownWorkHasItsShares() throws {
      let program = try Workload.start("split")
      let finished = try Wick.run(
        ["top", "--json", "-p", "\(program.pid)", "-d", "4s", "-F", "999"])
      #expect(finished.status == 0, "\(finished.errors)")
      let lines = try lines(finished.output)
      #expect((3...6).contains(lines.count))
      let tables = lines.compactMap { $0.events["cpu"] }
      let rows = tables.flatMap { $0.functions ?? [] }
      func sum(_ name: String, _ value: (Row) -> Double?) -> Double {
        rows.filter { $0.function == name }.reduce(0) { $0 + (value($1) ?? 0) }
      }
      let all = tables.reduce(0) { $0 + $1.value }
      #expect(all > 1e9)
      #expect(abs(sum("heavy", \.own) / all - 0.7) < 0.05)
      #expect(abs(sum("light", \.own) / all - 0.3) < 0.05)
      #expect(sum("run", \.total) / all > 0.97 && sum("run", \.own) / all < 0.03)
      #expect(rows.filter { $0.function == "heavy" }.allSatisfy { $0.pids == [Int(program.pid)] })
      #expect(rows.allSatisfy { $0.process == "split" })
      for table in tables {
        let ledger = table.ledger
        #expect(ledger.taken == ledger.complete + ledger.partial + ledger.dropped)
      }
    }

    @Test func knownWaitsHaveTheirReasonsAndFunctions() throws {
      let program = try Workload.start("waits")
      let finished = try Wick.run(
        ["top", "--json", "-e", "off-cpu", "-p", "\(program.pid)", "-d", "4s", "-n", "50"])
      #expect(finished.status == 0, "\(finished.errors)")
      let lines = try lines(finished.output)
      let seconds = lines.reduce(0) { $0 + $1.duration_ns } / 1e9
      let rows = lines.flatMap { $0.events["off-cpu"]?.waits ?? [] }
      for (function, reason) in [
        ("sleep_timer", "timer"), ("wait_lock", "lock"), ("read_pipe", "pipe or IPC"),
        ("receive_socket", "network"), ("read_disk", "disk"),
      ] {
        let found = rows.filter { $0.function == function && $0.reason == reason }
        let waited = found.reduce(0) { $0 + ($1.value ?? 0) } / 1e9
        #expect(waited > 0, "\(function) waits for \(reason)")
        #expect(found.allSatisfy { $0.process == "waits" })
        // One thread each, which does nothing but wait.
        #expect(waited < 1.2 * seconds, "\(function): \(waited) s in \(seconds) s")
        if function == "sleep_timer" { #expect(waited > 0.6 * seconds) }
      }
    }

    @Test func withoutATerminalTablesArePrintedWithoutCodes() throws {
      let program = try Workload.start("split")
      let finished = try Wick.run([
        "top", "-p", "\(program.pid)", "-d", "2s", "--interval", "500ms", "-n", "3",
      ])
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(!finished.output.contains("\u{1b}"))
      let headings = finished.output.split(separator: "\n").filter { $0.contains("OWN") }
      #expect((3...6).contains(headings.count), "\(finished.output)")
      #expect(finished.output.contains("heavy") && finished.output.contains("split \(program.pid)"))
    }

    @Test func onceIsOneTableAndEveryOrderWorks() throws {
      let program = try Workload.start("split")
      for order in ["own", "total", "waits", "process"] {
        let finished = try Wick.run([
          "top", "--once", "--interval", "500ms", "--sort", order, "-e", "cpu", "-p",
          "\(program.pid)",
        ])
        #expect(finished.status == 0, "\(finished.errors)")
        let headings = finished.output.split(separator: "\n").filter { $0.contains("TOTAL") }
        #expect(headings.count == 1)
      }
    }

    @Test(arguments: [
      ["--sort", "owner"], ["--interval", "10ms"], ["-e", "cpuu"], ["-a", "-p", "1"], ["-n", "0"],
      ["-p", "0"], ["-F", "0"],
    ])
    func aMistakeIsAUsageError(_ arguments: [String]) throws {
      let program = try Wick.run(["top"] + arguments, limit: .seconds(15))
      #expect(program.status == 64, "\(program.errors)")
    }

    @Test func aProcessThatIsNotThereIsSaid() throws {
      let program = try Wick.run(["top", "-p", "4194305"], limit: .seconds(15))
      #expect(program.status == 1 && program.errors.contains("4194305"))
      #expect(program.errors.split(separator: "\n").count == 1)
    }

    @Test func itEndsWithItsProcesses() throws {
      let program = try Workload.start("split")
      let top = try Wick.start(["top", "--json", "--interval", "300ms", "-p", "\(program.pid)"])
      let isSeen = top.wait(limit: .seconds(30)) { top.output.contains("heavy") }
      #expect(isSeen, "\(top.errors)")
      program.kill()
      let finished = try top.finish(limit: .seconds(20))
      #expect(finished.status == 0 && !finished.wasKilled, "\(finished.errors)")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalEndsItCleanly(_ signal: CInt) throws {
      let program = try Workload.start("split")
      let top = try Wick.start(["top", "--json", "--interval", "300ms", "-p", "\(program.pid)"])
      #expect(top.wait(limit: .seconds(30)) { top.output.contains("heavy") }, "\(top.errors)")
      top.send(signal: signal)
      let finished = try top.finish(limit: .seconds(20))
      #expect(finished.status == 0 && !finished.wasKilled, "\(finished.errors)")
    }
  }
}
