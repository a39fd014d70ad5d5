import Foundation
import Testing

extension RecordTests {
  /// Programs with a known answer: whole stacks, true paths, right names.
  @Suite struct WorkloadTests {
    static let workloads = [
      Workload(
        name: "split", paths: [["main", "run", "heavy"], ["main", "run", "light"]], least: 0.63),
      Workload(
        name: "split-clang", paths: [["main", "run", "heavy"], ["main", "run", "light"]],
        least: 0.63),
      Workload(
        name: "recursion", paths: [["main"] + Array(repeating: "descend", count: 200) + ["bottom"]]),
      Workload(
        name: "recursion-clang",
        paths: [["main"] + Array(repeating: "descend", count: 200) + ["bottom"]]),
      Workload(
        name: "deep", paths: [["main"] + Array(repeating: "descend", count: 250) + ["bottom"]]),
      Workload(name: "frames", arguments: ["8"], paths: [["main", "small", "large_8"]]),
      Workload(name: "frames", arguments: ["16"], paths: [["main", "small", "large_16"]]),
      Workload(name: "frames", arguments: ["32"], paths: [["main", "small", "large_32"]]),
      Workload(name: "frames", arguments: ["64"], paths: [["main", "small", "large_64"]]),
      Workload(
        name: "layers",
        paths: [
          ["main", "first", "second", "third", "fourth", "bottom"],
          ["main", "first", "second", "third", "fourth"], ["main", "first", "second", "third"],
          ["main", "first", "second"], ["main", "first"], ["main"],
        ]),
      Workload(
        name: "resolver", arguments: [Workload.path("libcaller.so")],
        paths: [
          ["main", "resolve_often", "call_all", "**"], ["main", "resolve_often", "**"],
        ], least: 0.6, coverage: 0.96),
      Workload(
        name: "signal",
        paths: [
          ["main", "interrupted", "*", "on_signal", "handle"], ["main", "interrupted"],
          ["main", "interrupted", "*", "on_signal"], ["main", "interrupted", "*"],
        ], least: 0.5),
      Workload(
        name: "plt",
        paths: [
          ["main", "call_often", "callee"], ["main", "call_often"], ["main", "call_often", "*"],
        ], least: 0.05),
      Workload(
        name: "vdso",
        paths: [
          ["main", "read_clock", "*", "*"], ["main", "read_clock", "*"],
          ["main", "read_clock"],
        ], least: 0.5),
      Workload(
        name: "loader", arguments: [Workload.path("libplugin.so")], duration: 4,
        paths: [["main", "run_plugin", "plugin_entry", "plugin_inner"]]),
      Workload(name: "threads", root: "worker", paths: [["worker", "toil"]]),
      Workload(name: "leaderless", root: "worker", paths: [["worker", "toil"]]),
      Workload(
        name: "shapes",
        paths: [
          ["main", "geometry::Sum::operator()", "geometry::Circle::area"],
          ["main", "geometry::fail", "geometry::(anonymous namespace)::recover"],
        ], least: 0.3),
      Workload(
        name: "names-rust", root: "names::outer",
        paths: [["names::outer", "<names::Tool as names::Work>::work", "names::toil"]]),
      Workload(
        name: "names-rust-v0", root: "names::outer",
        paths: [["names::outer", "<names::Tool as names::Work>::work", "names::toil"]]),
      Workload(
        name: "names-swift",
        paths: [["main", "Engine.run(units:)", "Engine.turn(_:)", "toil(_:)"]]),
      Workload(
        name: "names-go", root: "main.main",
        paths: [["main.main", "main.(*mill).run", "main.grind"]]),
    ]

    @Test(arguments: workloads) func everyStackIsWholeAndTrue(_ workload: Workload) throws {
      let program = try Workload.start(workload.name, workload.arguments)
      let recording = try Recording.of(
        ["-p", "\(program.pid)", "-d", "\(workload.duration)s", "-F", "499"])
      recording.expectExactLedger()
      let stacks = recording.stacks
      #expect(stacks.samples > 150, "too few samples to judge by")
      #expect(
        recording.summary.coverage >= workload.coverage,
        "\(recording.summary.partial)\n\(stacks.filter { $0.incomplete != nil }.heaviest)")
      #expect(stacks.share { $0.process == workload.name } == 1)
      let isKnown = stacks.share { workload.path(of: $0) != nil || $0.endsInStartFiles }
      #expect(isKnown >= 0.99, "\(stacks.heaviest)")
      #expect(
        stacks.share { workload.path(of: $0) == 0 } >= workload.least, "\(stacks.heaviest)")
    }

    @Test(arguments: ["split", "split-clang"])
    func twoFunctionsKeepTheirShares(_ name: String) throws {
      let program = try Workload.start(name)
      let recording = try Recording.of(["-p", "\(program.pid)", "-d", "10s", "-F", "499"])
      let heavy = recording.stacks.share { $0.user.contains("heavy") }
      let light = recording.stacks.share { $0.user.contains("light") }
      #expect(abs(heavy - 0.7) <= 0.03, "\(heavy)")
      #expect(abs(light - 0.3) <= 0.03, "\(light)")
    }

    @Test func aStackBeginsAtTheStartOfTheProcess() throws {
      let program = try Workload.start("split")
      let recording = try Recording.of(["-p", "\(program.pid)", "-d", "1s", "-F", "499"])
      #expect(recording.stacks.share { $0.user.first == "_start" } >= 0.99)
    }

    @Test func aChainOfProgramsIsWholeInEachOfThem() throws {
      let recording = try Recording.of(
        ["-F", "499"],
        command: [Workload.path("first"), "4", Workload.path("second"), Workload.path("third")])
      recording.expectExactLedger()
      for stage in ["first", "second", "third"] {
        let stacks = recording.stacks(of: stage)
        #expect(stacks.samples > 80, "\(stage): \(recording.stacks.heaviest)")
        let whole = stacks.share { $0.incomplete == nil }
        #expect(whole >= 0.97, "\(stage): \(stacks.heaviest)")
        let named = stacks.share { $0.path(from: "main").starts(with: ["main", "\(stage)_stage"]) }
        #expect(named >= 0.9, "\(stage): \(stacks.heaviest)")
      }
    }

    @Test func aDeletedProgramKeepsItsNames() throws {
      let scratch = try Scratch()
      let program = try Workload.start("deleted", [scratch.path("ghost")])
      #expect(scratch.names.isEmpty)
      let recording = try Recording.of(["-p", "\(program.pid)", "-d", "2s", "-F", "499"])
      recording.expectExactLedger()
      #expect(recording.summary.coverage >= 0.99)
      let named = recording.stacks.share {
        $0.process == "ghost" && $0.path(from: "main") == ["main", "work_without_file"]
      }
      #expect(named >= 0.99, "\(recording.stacks.heaviest)")
    }

    @Test func generatedCodeIsNamedByItsMap() throws {
      let program = try Workload.start("jit")
      let map = "/tmp/perf-\(program.pid).map"
      defer { try? FileManager.default.removeItem(atPath: map) }
      let options = ["-p", "\(program.pid)", "-d", "1s", "-F", "499"]
      let recording = try Recording.of(options)
      recording.expectExactLedger()
      #expect(recording.summary.coverage >= 0.98, "\(recording.stacks.heaviest)")
      #expect(recording.summary.unwound.framePointer > 0)
      let named = recording.stacks.share {
        $0.path(from: "main") == ["main", "run_generated", "generated_[j]"]
      }
      #expect(named >= 0.98, "\(recording.stacks.heaviest)")

      // A map that somebody else wrote could lie.
      try FileManager.default.setAttributes([.ownerAccountID: 65534], ofItemAtPath: map)
      let distrusting = try Recording.of(options)
      #expect(distrusting.stacks.share { $0.user.contains { $0.hasPrefix("generated") } } == 0)
    }

    @Test func aMapOfTenMillionLinesStaysWithinLimits() throws {
      let program = try Workload.start("jit", ["10000000"])
      defer { try? FileManager.default.removeItem(atPath: "/tmp/perf-\(program.pid).map") }
      let recording = try Recording.of(["-p", "\(program.pid)", "-d", "1s", "-F", "499"])
      recording.expectExactLedger()
      #expect(recording.stacks.share { $0.user.contains("run_generated") } >= 0.98)
      #expect(recording.summary.cost.peakBytes < 512 << 20)
    }
  }
}
