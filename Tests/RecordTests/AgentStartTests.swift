import Foundation
import Testing

extension RecordTests {
  /// What the daemon says of a configuration that does not work here, and how it ends.
  @Suite struct AgentStartTests {
    /// A port of the loopback that is taken for as long as this lives.
    private final class TakenPort {
      private let descriptor: CInt
      let number: UInt16

      init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(descriptor, $0, length) | listen(descriptor, 1)
              | getsockname(descriptor, $0, &length)
          }
        }
        guard status == 0 else { throw HarnessError("no port: \(errno)") }
        number = UInt16(bigEndian: address.sin_port)
      }

      deinit { close(descriptor) }
    }

    /// Writes a configuration that keeps apart from other agents, and more lines; nine are before them.
    private func configuration(_ more: String, in scratch: Scratch, http: String? = nil) throws
      -> String
    {
      let path = scratch.path("agent.yaml")
      let text = """
        http:
          \(http ?? "enabled: false")
          socket: \(scratch.path("agent.sock"))
        profile_directory:
          path: \(scratch.path("profiles"))
        spool:
          directory: \(scratch.path("spool"))
        profiling:
          window: 1s
        \(more)

        """
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    /// Ends an agent, once it has said something, and returns all that it has said.
    private func said(by agent: RunningProgram, until sentence: String) throws -> FinishedProgram {
      _ = agent.wait(limit: .seconds(20)) {
        agent.errors.contains(sentence) || !agent.isRunning
      }
      agent.send(signal: SIGTERM)
      return try agent.finish(limit: .seconds(10))
    }

    @Test func aConfigurationIsCheckedWithoutBeginning() throws {
      let scratch = try Scratch()
      let good = try configuration("", in: scratch)
      let fine = try Wick.run(["agent", "--config", good, "--check-config"])
      #expect(fine.status == 0)
      #expect(fine.output == "\(good): ok\n")
      #expect(scratch.names == ["agent.yaml"])
      let port = try TakenPort()
      let bad = try configuration(
        """
        destinations:
        - name: central
          type: otlp
          url: https://collector.example
          bearer_token_file: \(scratch.path("no-token"))
        """, in: scratch, http: "listen: 127.0.0.1:\(port.number)")
      let found = try Wick.run(["agent", "--config", bad, "--check-config"])
      #expect(found.status == 1)
      let lines = found.errors.split(separator: "\n")
      #expect(lines.count == 2, "\(found.errors)")
      for (key, line) in [("http.listen", 2), ("destinations[0].bearer_token_file", 14)] {
        let problem = try #require(lines.first { $0.contains(key) }, "\(found.errors)")
        #expect(problem.hasPrefix("\(bad):\(line): \(key): "))
        #expect(problem.hasSuffix(")"), "no remedy")
      }
    }

    @Test func aWrongKeyIsOneLineAndTheServiceManagerNeedNotTryAgain() throws {
      let scratch = try Scratch()
      let file = try configuration("metrics:\n  intervall: 5s", in: scratch)
      for arguments in [["--check-config"], []] {
        let finished = try Wick.run(["agent", "--config", file] + arguments)
        #expect(finished.status == (arguments.isEmpty ? 78 : 1))
        #expect(finished.errors.split(separator: "\n").count == 1)
        #expect(finished.errors.contains("\(file):11: metrics.intervall: "))
        #expect(finished.errors.contains("interval"))
      }
    }

    @Test func anOccupiedPortIsOneLineAndTriedAgain() throws {
      let scratch = try Scratch()
      let port = try TakenPort()
      let file = try configuration("", in: scratch, http: "listen: 127.0.0.1:\(port.number)")
      let finished = try Wick.run(["agent", "--config", file])
      #expect(finished.status == 75)
      #expect(finished.errors.split(separator: "\n").count == 1, "\(finished.errors)")
      #expect(finished.errors.contains("\(file):2: http.listen: "))
    }

    @Test func aSecondAgentIsOneLineAndTriedAgain() throws {
      let scratch = try Scratch()
      let file = try configuration("", in: scratch)
      let first = try Wick.start(["agent", "--config", file])
      #expect(first.wait(limit: .seconds(20)) { first.errors.contains("msg=profiling") })
      let second = try Wick.run(["agent", "--config", file])
      #expect(second.status == 75)
      #expect(second.errors.split(separator: "\n").count == 1, "\(second.errors)")
      #expect(second.errors.contains("\(file):3: http.socket: "))
      first.send(signal: SIGTERM)
      #expect(try first.finish(limit: .seconds(10)).status == 0)
    }

    @Test func whatADestinationLacksIsToldByItsLineAndTheRestGoesOn() throws {
      let scratch = try Scratch()
      let file = try configuration(
        """
        destinations:
        - name: central
          type: otlp
          url: http://127.0.0.1:9
          bearer_token_file: \(scratch.path("no-token"))
        - name: kept
          type: directory
          path: \(scratch.path("agent.yaml"))/profiles
        """, in: scratch)
      let agent = try Wick.start(["agent", "--config", file])
      let finished = try said(by: agent, until: "msg=profiling")
      #expect(finished.status == 0, "\(finished.errors)")
      let lines = finished.errors.split(separator: "\n")
      for (key, line) in [("destinations[0].bearer_token_file", 14), ("destinations[1].path", 17)] {
        let told = lines.filter { $0.contains("\(file):\(line): \(key): ") }
        #expect(told.count == 1, "\(key): \(finished.errors)")
      }
    }
  }
}
