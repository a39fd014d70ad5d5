import Foundation
import Testing

extension RecordTests {
  /// `wick record -- COMMAND`, files, and interruption.
  @Suite struct CommandTests {
    @Test(arguments: [
      ("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137),
    ])
    func theStatusOfTheCommandPassesThrough(_ script: String, _ status: CInt) throws {
      let scratch = try Scratch()
      let program = try Wick.run(
        ["record", "-o", scratch.path("x.folded"), "--", "/bin/sh", "-c", script])
      #expect(program.status == status, "\(program.errors)")
      #expect(!program.wasKilled)
      #expect(scratch.names == ["x.folded"])
    }

    @Test func theOutputOfTheCommandIsUntouched() throws {
      let scratch = try Scratch()
      let program = try Wick.run(
        [
          "record", "-o", scratch.path("x.folded"), "--", "sh", "-c",
          "printf 'to stdout'; printf 'to stderr\\n' >&2",
        ])
      #expect(program.output == "to stdout")
      #expect(program.errors.contains("to stderr\n"))
    }

    @Test func aCommandThatIsMissingOrNotExecutableSaysSo() throws {
      let scratch = try Scratch()
      try scratch.create("plain").close()
      for (command, status) in [
        ("/nonexistent/command", 127), ("no-such-command-anywhere", 127),
        (scratch.path("plain"), 126), (scratch.url.path, 126),
      ] as [(String, CInt)] {
        let program = try Wick.run(["record", "-o", scratch.path("x.folded"), "--", command])
        #expect(program.status == status, "\(command)")
        #expect(program.errors.contains(command))
        #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
        #expect(scratch.names == ["plain"])
      }
    }

    @Test func samplingBeginsWithinASecond() throws {
      let scratch = try Scratch()
      let options = ["record", "-o", scratch.path("x.folded"), "--", "date", "+%s.%N"]
      _ = try Wick.run(options)
      // The best of some, for what the host does besides is not ours.
      var seconds: [Double] = []
      while seconds.count < 5, seconds.last.map({ $0 >= 1 }) ?? true {
        let before = Date.now.timeIntervalSince1970
        let program = try Wick.run(options)
        let text = program.output.trimmingCharacters(in: .whitespacesAndNewlines)
        seconds.append(try #require(Double(text)) - before)
      }
      #expect(seconds.contains { $0 < 1 }, "\(seconds)")
    }

    @Test(arguments: ["x.html", "x.svg", "x.folded", "x.pb.gz", "x.json"])
    func eachFormatAppearsWholeAndAlone(_ name: String) throws {
      let workload = try Workload.start("split")
      let scratch = try Scratch()
      let program = try Wick.run(
        ["record", "-p", "\(workload.pid)", "-d", "500ms", "-F", "199", "-o", scratch.path(name)])
      #expect(program.status == 0, "\(program.errors)")
      #expect(scratch.names == [name])
      let size = try FileManager.default.attributesOfItem(atPath: scratch.path(name))[.size]
      #expect(try #require(size as? Int) > 100)
    }

    @Test func aProfileCanGoToStandardOutput() throws {
      let workload = try Workload.start("split")
      let program = try Wick.run(
        [
          "record", "-p", "\(workload.pid)", "-d", "500ms", "-F", "199", "-o", "-", "--format",
          "folded",
        ])
      let stacks = program.output.split(separator: "\n").map { FoldedStack($0) }
      #expect(!stacks.isEmpty)
      #expect(stacks.allSatisfy { $0?.process == "split" })
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsEarlyWithAValidFile(_ number: CInt) throws {
      let workload = try Workload.start("split")
      let scratch = try Scratch()
      let program = try Wick.start(
        [
          "record", "-p", "\(workload.pid)", "-d", "60s", "-F", "199", "-o",
          scratch.path("x.folded"), "--summary", scratch.path("summary.json"),
        ])
      usleep(3_000_000)
      program.send(signal: number)
      let finished = try program.finish(limit: .seconds(20))
      #expect(finished.status == 0 && !finished.wasKilled, "\(finished.errors)")
      let recording = try Recording(finished, from: scratch)
      recording.expectExactLedger()
      #expect(recording.stacks.samples > 50)
      #expect(recording.summary.durationSeconds < 20)
      #expect(workload.isRunning)
    }

    @Test func aProcessThatEndsMeanwhileIsNotAnError() throws {
      let workload = try Workload.start("split")
      let scratch = try Scratch()
      let program = try Wick.start(
        [
          "record", "-p", "\(workload.pid)", "-d", "6s", "-F", "199", "-o",
          scratch.path("x.folded"), "--summary", scratch.path("summary.json"),
        ])
      usleep(3_000_000)
      workload.kill()
      let finished = try program.finish(limit: .seconds(30))
      #expect(finished.status == 0, "\(finished.errors)")
      let recording = try Recording(finished, from: scratch)
      recording.expectExactLedger()
      #expect(recording.stacks(of: "split").samples > 50)
      #expect(recording.summary.coverage >= 0.99)
    }

    @Test func aPipeGetsNoColours() throws {
      let workload = try Workload.start("split")
      let scratch = try Scratch()
      let program = try Wick.run(
        ["record", "-p", "\(workload.pid)", "-d", "500ms", "-o", scratch.path("x.folded")])
      #expect(!program.output.contains("\u{1B}") && !program.errors.contains("\u{1B}"))
    }
  }
}
