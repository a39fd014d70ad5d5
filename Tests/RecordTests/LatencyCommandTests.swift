import Foundation
import Testing

extension RecordTests {
  @Suite struct LatencyCommandTests {
    /// What each kind measures, in words.
    static let features = [
      ("syscalls", "system calls"), ("runqueue", "the run queue"), ("block", "block I/O"),
      ("tcp", "TCP"), ("dns", "DNS"),
    ]

    private struct Line: Decodable {
      struct Row: Decodable {
        struct Buckets: Decodable {
          let scale: Int
          let offset: Int
          let counts: [UInt64]
        }

        let name: String
        let pid: UInt32
        let count: UInt64
        let errors: [String: UInt64]
        let p99_s: Double?
        let max_s: Double
        let buckets_ns: Buckets
      }

      struct Exemplar: Decodable {
        let process: String
        let name: String
        let value_s: Double
        let stack: [String]
      }

      let kind: String
      let final: Bool
      let duration_s: Double
      let rows: [Row]
      let exemplars: [Exemplar]?
    }

    private static func lines(_ program: FinishedProgram) throws -> [Line] {
      try program.output.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
    }

    @Test(arguments: [
      (["sysclls"], "did you mean syscalls?"), (["runque"], "did you mean runqueue?"),
      (["coffee"], "syscalls, runqueue, block"), (["block", "-a", "-p", "1"], "exclude"),
      (["block", "--interval", "1ms"], "100ms"),
    ])
    func aWrongRequestIsAUsageError(arguments: [String], says: String) throws {
      let program = try Wick.run(["latency"] + arguments, limit: .seconds(15))
      #expect(program.status == 64)
      #expect(program.errors.contains(says), "\(program.errors)")
      #expect(program.output.isEmpty)
    }

    @Test(arguments: [
      (["-p", "4194305"], "4194305"), (["--cgroup", "/nonexistent/group"], "/nonexistent/group"),
      (["-o", "/nonexistent/folder/x.html"], "/nonexistent/folder"), (["-o", "x.pdf"], ".html"),
    ])
    func whatIsNotThereIsNamedInOneLine(arguments: [String], names: String) throws {
      let program = try Wick.run(
        ["latency", "syscalls", "-d", "20s"] + arguments, limit: .seconds(15))
      #expect(program.status == 1)
      #expect(program.errors.contains(names), "\(program.errors)")
      #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
    }

    @Test func eachIntervalIsALineOfJSONAndTheLastOneHasItAll() throws {
      let program = try Wick.run(
        ["latency", "syscalls", "-d", "3s", "--json", "--interval", "250ms"])
      #expect(program.status == 0, "\(program.errors)")
      let lines = try Self.lines(program)
      let last = try #require(lines.last)
      #expect(lines.count >= 4)
      #expect(last.final && lines.dropLast().allSatisfy { !$0.final })
      let counted = lines.dropLast().reduce(0) { $0 + $1.rows.reduce(0) { $0 + $1.count } }
      #expect(last.rows.reduce(0) { $0 + $1.count } == counted)
      for row in last.rows {
        #expect(row.buckets_ns.scale == 2)
        #expect(row.buckets_ns.counts.reduce(0, +) == row.count)
        #expect((row.p99_s ?? 0) <= row.max_s)
      }
    }

    /// One request in 200 is slow.
    @Test func theStackOfASlowCallShowsTheSlowFunction() throws {
      let shell = try RunningProgram(
        "/bin/sh", ["-c", "(sleep 4; echo; sleep 8) | \(Workload.path("service")) 20"])
      let program = try Wick.run(["latency", "syscalls", "-d", "12s", "--json"])
      shell.kill()
      let line = try #require(try Self.lines(program).last)
      let row = line.rows.first { $0.name == "clock_nanosleep" && $0.count >= 2_000 }
      #expect(row != nil)
      let slow = (line.exemplars ?? []).filter {
        $0.process == "service" && $0.name == "clock_nanosleep" && $0.value_s > 0.075
      }
      // A short sleep may take as long where the machine itself stood still.
      let told = slow.filter { $0.stack.contains("read_it_all_again") }
      #expect(told.count >= 3 && told.count * 5 >= slow.count * 4, "\(told.count) of \(slow.count)")
    }

    @Test func anInterruptEndsWithAResult() throws {
      let scratch = try Scratch()
      let program = try Wick.start(
        ["latency", "runqueue", "-d", "1h", "--json", "-o", scratch.path("x.html")])
      usleep(1_500_000)
      program.send(signal: SIGINT)
      let finished = try program.finish(limit: .seconds(10))
      #expect(finished.status == 0 && !finished.wasKilled)
      let line = try #require(try Self.lines(finished).first)
      #expect(line.final && line.kind == "runqueue" && !line.rows.isEmpty)
      #expect(line.duration_s < 10)
      #expect(scratch.text("x.html").hasPrefix("<!DOCTYPE html>"))
    }

    /// The time is over at about the same moment.
    @Test func aLateInterruptCostsNoResult() throws {
      for delay in stride(from: 0, through: 100_000, by: 10_000) {
        let program = try Wick.start(
          ["latency", "syscalls", "-a", "-d", "300ms", "--interval", "100ms", "--json"])
        #expect(program.wait(limit: .seconds(10)) { program.output.contains("\n") })
        usleep(useconds_t(180_000 + delay))
        program.send(signal: SIGINT)
        let finished = try program.finish(limit: .seconds(10))
        #expect(finished.status == 0 && !finished.wasKilled, "after \(delay) µs")
        #expect(try Self.lines(finished).last?.final == true)
      }
    }

    /// It has measured, and cannot say what.
    @Test func aSecondInterruptEndsWhatNobodyReads() throws {
      try Workload.prepare()
      let pipe = Pipe()
      let descriptor = pipe.fileHandleForWriting.fileDescriptor
      #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
      let bytes = [UInt8](repeating: 0, count: 4_096)
      while unsafe write(descriptor, bytes, bytes.count) > 0 {}
      #expect(fcntl(descriptor, F_SETFL, 0) == 0)
      let process = Process()
      process.executableURL = URL(filePath: Workload.path("fresh"))
      process.arguments = [Wick.path, "latency", "syscalls", "-d", "300ms", "--json"]
      process.standardOutput = pipe
      try process.run()
      defer { process.terminate() }
      func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<20_000 where !condition() { usleep(1_000) }
        return condition()
      }
      // In write(1, …), as proc_pid_syscall(5) has it.
      let path = "/proc/\(process.processIdentifier)/syscall"
      let isWriting = wait {
        (try? String(contentsOfFile: path, encoding: .utf8))?.hasPrefix("1 0x1 ") ?? false
      }
      #expect(isWriting)
      kill(process.processIdentifier, SIGINT)
      usleep(300_000)
      #expect(process.isRunning)
      kill(process.processIdentifier, SIGINT)
      #expect(wait { !process.isRunning })
      #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
    }

    @Test func withoutATerminalThereIsOnePlainTable() throws {
      let program = try Wick.run(["latency", "syscalls", "-d", "500ms"])
      #expect(program.status == 0, "\(program.errors)")
      #expect(program.output.contains("PROCESS") && program.output.contains("P99"))
      #expect(!program.output.contains("\u{1b}"))
    }
  }
}
