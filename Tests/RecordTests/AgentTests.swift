import Foundation
import Testing

extension RecordTests {
  /// The daemon: windows, services, files, and its end.
  @Suite struct AgentTests {
    /// The samples of all profiles of an event in a folder, by the service in the file's name.
    private func stacks(in scratch: Scratch, folder: String, of event: String = "cpu") throws
      -> [String: [FoldedStack]]
    {
      let path = scratch.path(folder)
      var found: [String: [FoldedStack]] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
        let parts = try #require(
          name.firstMatch(of: #/^\d{8}T\d{6}Z-(cpu|off_cpu)-(.*)\.pb\.gz$/#))
        guard parts.1 == event else { continue }
        let service = parts.2
        let folded = scratch.path("\(name).folded")
        let converted = try Wick.run(["convert", "\(path)/\(name)", folded])
        try #require(converted.status == 0, "\(converted.errors)")
        let lines = scratch.text("\(name).folded").split(separator: "\n")
        found[String(service), default: []] += lines.compactMap { FoldedStack($0) }
      }
      return found
    }

    @Test func everySampleIsInAProfileOfItsServiceOrCounted() throws {
      let scratch = try Scratch()
      let split = try Workload.start("split")
      let named = try RunningProgram(
        Workload.path("recursion"), ["20"], environment: ["OTEL_SERVICE_NAME": "the/shop"])
      let file = scratch.path("agent.yaml")
      // The summary's samples are those of all events.
      try Data("profiling: {events: [cpu]}\n".utf8).write(to: URL(fileURLWithPath: file))
      let agent = try Wick.start([
        "agent", "-F", "199", "--config", file, "--window", "1s", "--profiles",
        scratch.path("profiles"),
        "--summary", scratch.path("summary.json"),
      ])
      usleep(4_600_000)
      agent.send(signal: SIGTERM)
      let end = ContinuousClock.now
      let finished = try agent.finish(limit: .seconds(10))
      #expect(ContinuousClock.now - end < .seconds(9))
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(split.isRunning && named.isRunning)
      let summary = try JSONDecoder().decode(
        Summary.self, from: Data(scratch.text("summary.json").utf8))
      #expect(summary.taken == summary.complete + summary.partialTotal + summary.droppedTotal)
      #expect(summary.droppedTotal == 0)
      #expect(summary.unwound.kernel > 0)
      let services = try stacks(in: scratch, folder: "profiles")
      let all = services.values.flatMap(\.self)
      #expect(all.samples == summary.complete + summary.partialTotal)
      #expect(services["split"].map(\.samples) ?? 0 > 10)
      // The name that the process gives itself, made safe for a file.
      let shop = try #require(services["the_shop"])
      #expect(Set(shop.map(\.process)) == ["recursion"])
      #expect(shop.samples > 10)
      #expect(shop.share { $0.incomplete == nil } > 0.95)
    }

    @Test func waitsAreProfiledAndOnceEndsAfterAWindowOfEachLength() throws {
      let scratch = try Scratch()
      let file = scratch.path("agent.yaml")
      try Data("profiling: {windows: {off-cpu: 4s}}\n".utf8).write(to: URL(fileURLWithPath: file))
      let split = try Workload.start("split")
      let finished = try Wick.run([
        "agent", "--once", "--config", file, "--window", "1s", "--profiles",
        scratch.path("profiles"),
      ])
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(split.isRunning)
      for event in ["cpu", "off_cpu"] {
        #expect(try !stacks(in: scratch, folder: "profiles", of: event).isEmpty, "\(event)")
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path("profiles"))
        let times = Set(files.filter { $0.contains("-\(event)-") }.map { $0.prefix(16) })
        #expect(times.count == 1, "\(event): \(times)")
      }
    }

    @Test func onceEndsAfterAWindow() throws {
      let scratch = try Scratch()
      let split = try Workload.start("split")
      let finished = try Wick.run([
        "agent", "--once", "--window", "1s", "--profiles", scratch.path("profiles"),
      ])
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(split.isRunning)
      let services = try stacks(in: scratch, folder: "profiles")
      #expect(services["split"].map(\.samples) ?? 0 > 5)
    }

    @Test func aFolderOfOthersIsRefusedWithARemedy() throws {
      let scratch = try Scratch()
      let folder = scratch.path("open")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
      let finished = try Wick.run(["agent", "--once", "--profiles", folder])
      #expect(finished.status == 1)
      #expect(finished.errors.contains(folder) && finished.errors.contains("chmod 700"))
    }

    @Test func aWindowThatIsTooShortIsAnErrorOfUse() throws {
      #expect(try Wick.run(["agent", "--window", "10ms"]).status == 64)
      #expect(try Wick.run(["agent", "--keep-bytes", "much"]).status == 64)
    }
  }
}
