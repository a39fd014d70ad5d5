import Foundation
import Testing

extension RecordTests {
  /// `/debug/pprof/allocs` of a daemon, of programs that know what they allocate.
  @Suite struct AgentAllocationTests {
    /// A daemon that does nothing else, asked over its socket.
    private final class Daemon {
      let scratch: Scratch
      private let program: RunningProgram
      private var socket: String { scratch.path("agent.sock") }

      init(profiling: String = "frequency: 19", http: String = "enabled: false") throws {
        scratch = try Scratch()
        let file = scratch.path("agent.yaml")
        let text = """
          http: {\(http), socket: \(scratch.path("agent.sock"))}
          profile_directory: {path: \(scratch.path("profiles"))}
          spool: {directory: \(scratch.path("spool"))}
          profiling: {\(profiling)}
          metrics: {enabled: false}

          """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        program = try Wick.start(["agent", "--config", file])
        guard program.wait(limit: .seconds(20), until: { program.errors.contains("ready") || isUp })
        else { throw HarnessError("the agent does not start: \(program.errors)") }
      }

      private var isUp: Bool { (try? ask("/ready"))?.status == 200 }

      /// Starts a client; it writes what it gets to a file of this name.
      func start(_ page: String, to name: String = "answer") throws -> RunningProgram {
        try RunningProgram(
          "/usr/bin/curl",
          [
            "-sS", "--unix-socket", socket, "-o", scratch.path(name), "-w", "%{http_code}",
            "http://localhost\(page)",
          ])
      }

      func ask(_ page: String, to name: String = "answer") throws -> (status: Int, text: String) {
        let client = try start(page, to: name).finish(limit: .seconds(60))
        return (Int(client.output) ?? 0, scratch.text(name))
      }

      /// Bytes by stack of a profile that came, and what `go tool pprof` says of it.
      func stacks(_ name: String) throws -> [FoldedStack] {
        let converted = try Wick.run(["convert", scratch.path(name), scratch.path("x.folded")])
        guard converted.status == 0 else { throw HarnessError(converted.errors) }
        return scratch.text("x.folded").split(separator: "\n").compactMap(FoldedStack.init)
      }

      var said: String { program.errors }

      /// What it says that its maps take in the kernel.
      func mapBytes() throws -> Int {
        let health = try ask("/health", to: "health").text
        guard let match = health.firstMatch(of: #/"map_bytes":\s*([0-9]+)/#),
          let bytes = Int(match.1)
        else { throw HarnessError("no map_bytes: \(health)") }
        return bytes
      }

      /// Ends it; returns its status.
      func end() throws -> CInt {
        program.send(signal: SIGTERM)
        return try program.finish(limit: .seconds(10)).status
      }
    }

    @Test func theBytesOfAKnownProgramAreAtTheirPlaces() throws {
      let daemon = try Daemon()
      let program = try Workload.start("allocations")
      let client = try daemon.start("/debug/pprof/allocs?pid=\(program.pid)&seconds=10")
      #expect(
        program.wait(limit: .seconds(15)) { daemon.said.contains("allocations of a process") })
      usleep(700_000)
      program.send(signal: SIGUSR1)
      let finished = try client.finish(limit: .seconds(30))
      #expect(finished.output == "200", "\(daemon.scratch.text("answer"))")
      #expect(program.output.hasSuffix("done\n"), "the load was not done in time")
      let stacks = try daemon.stacks("answer")
      var total = 0
      for line in program.output.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count == 3, let asked = Int(fields[1]) else { continue }
        total += asked
        let found = stacks.filter { $0.user.contains(String(fields[0])) }.samples
        #expect(
          abs(found - asked) <= AllocationTests.tolerance(asked),
          "\(fields[0]): \(found) of \(asked)")
      }
      #expect(total > 1_000_000_000)
      #expect(abs(stacks.samples - total) < total / 300)
      // As people read it.
      let pprof = try RunningProgram(
        "/usr/bin/go",
        ["tool", "pprof", "-symbolize=none", "-top", daemon.scratch.path("answer")]
      ).finish(limit: .seconds(30))
      #expect(pprof.status == 0, "\(pprof.errors)")
      #expect(pprof.output.contains("Type: alloc_space"), "\(pprof.output)")
      #expect(pprof.output.contains("large_blocks"), "\(pprof.output)")
      #expect(try daemon.end() == 0)
    }

    @Test func whatIsNotFreedIsAProfileToo() throws {
      let daemon = try Daemon()
      let program = try Workload.start("allocations")
      let client = try daemon.start("/debug/pprof/allocs?pid=\(program.pid)&seconds=4&live=1")
      #expect(
        program.wait(limit: .seconds(15)) { daemon.said.contains("allocations of a process") })
      usleep(700_000)
      program.send(signal: SIGUSR1)
      #expect(try client.finish(limit: .seconds(30)).output == "200")
      let stacks = try daemon.stacks("answer")
      for line in program.output.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count == 3, let kept = Int(fields[2]) else { continue }
        let found = stacks.filter { $0.user.contains(String(fields[0])) }.samples
        #expect(abs(found - kept) <= (kept == 0 ? 0 : AllocationTests.tolerance(kept)))
      }
      #expect(stacks.samples > 1_000_000)
      #expect(try daemon.end() == 0)
    }

    @Test func theProbesGoWithTheClient() throws {
      let daemon = try Daemon()
      let program = try Workload.start("allocations", ["busy"])
      let before = try daemon.mapBytes()
      let client = try daemon.start("/debug/pprof/allocs?pid=\(program.pid)&seconds=300")
      #expect(
        program.wait(limit: .seconds(15)) { daemon.said.contains("allocations of a process") })
      // One at a time: it costs the process time.
      let second = try daemon.ask("/debug/pprof/allocs?pid=\(program.pid)&seconds=1", to: "second")
      #expect(second.status == 429, "\(second.text)")
      // The others go on.
      #expect(try daemon.ask("/debug/pprof/profile?seconds=1", to: "cpu").status == 200)
      let slow = try Self.pairTime(program)
      // It counts as the agent's own cost, for as long as it is there.
      let meanwhile = try daemon.mapBytes()
      #expect(meanwhile > before + 4 << 20)
      client.kill()
      var status = 429
      #expect(
        program.wait(limit: .seconds(30)) {
          status =
            (try? daemon.ask("/debug/pprof/allocs?pid=\(program.pid)&seconds=1", to: "third"))?
            .status ?? 0
          return status != 429
        })
      #expect(status == 200)
      // A pair of calls is as fast as before, and some times faster than with a probe in it.
      let fast = try Self.pairTime(program)
      #expect(fast * 3 < slow, "\(fast) ns after \(slow) ns")
      #expect(program.isRunning)
      #expect(
        program.wait(limit: .seconds(30)) {
          (try? daemon.mapBytes()).map { $0 < meanwhile - 4 << 20 } ?? false
        })
      #expect(try daemon.end() == 0)
    }

    /// Nanoseconds that the program takes for a malloc and its free, by its own clock, from now on.
    private static func pairTime(_ program: RunningProgram) throws -> Double {
      let lines = program.output.split(separator: "\n").count
      guard
        program.wait(
          limit: .seconds(20),
          until: { program.output.split(separator: "\n").count >= lines + 3 }),
        let time = program.output.split(separator: "\n").last.flatMap({ Double($0) })
      else { throw HarnessError("the load stands still") }
      return time
    }

    @Test func whatCannotBeDoneIsToldWithItsReason() throws {
      let daemon = try Daemon()
      let goProgram = try Workload.start("names-go")
      let gone = try RunningProgram("/bin/true", [])
      let pid = gone.pid
      _ = try gone.finish(limit: .seconds(15))
      var cases: [(String, Int, String)] = [
        ("seconds=1", 400, "pid"), ("pid=\(pid)&seconds=1", 404, "no process"),
        ("pid=\(goProgram.pid)&seconds=1", 422, "malloc"),
      ]
      // A thread of the kernel, where those can be seen.
      if (try? String(contentsOfFile: "/proc/2/comm", encoding: .utf8)) == "kthreadd\n" {
        cases.append(("pid=2&seconds=1", 422, "mappings"))
      }
      for (query, status, word) in cases {
        let answer = try daemon.ask("/debug/pprof/allocs?\(query)")
        #expect(answer.status == status, "\(query): \(answer.text)")
        #expect(answer.text.contains(word) && answer.text.split(separator: "\n").count == 1)
      }
      #expect(try daemon.end() == 0)
      let off = try Daemon(profiling: "enabled: false")
      let answer = try off.ask("/debug/pprof/allocs?pid=\(goProgram.pid)&seconds=1")
      #expect(answer.status == 503 && answer.text == "profiling is off\n")
      #expect(try off.end() == 0)
      let forbidding = try Daemon(http: "enabled: false, allocation_profiles: false")
      let refused = try forbidding.ask("/debug/pprof/allocs?pid=\(goProgram.pid)&seconds=1")
      #expect(refused.status == 503 && refused.text.contains("http.allocation_profiles"))
      #expect(try forbidding.end() == 0)
    }

    @Test func aProcessThatEndsAndADaemonThatEndsDoNotWait() throws {
      let daemon = try Daemon()
      let program = try Workload.start("allocations", ["busy"])
      var client = try daemon.start("/debug/pprof/allocs?pid=\(program.pid)&seconds=300")
      #expect(
        program.wait(limit: .seconds(15)) { daemon.said.contains("allocations of a process") })
      usleep(1_500_000)
      program.kill()
      // What there was until then.
      #expect(try client.finish(limit: .seconds(10)).output == "200")
      #expect(try daemon.stacks("answer").samples > 1_000_000)
      let other = try Workload.start("allocations", ["busy"])
      client = try daemon.start("/debug/pprof/allocs?pid=\(other.pid)&seconds=300")
      #expect(other.wait(limit: .seconds(15)) { daemon.said.contains("pid=\(other.pid)") })
      usleep(500_000)
      let began = ContinuousClock.now
      #expect(try daemon.end() == 0)
      #expect(ContinuousClock.now - began < .seconds(9))
    }
  }
}
