import Foundation
import Testing

extension RecordTests {
  /// What a process allocates, of programs that know it themselves.
  @Suite struct AllocationTests {
    /// Every allocator that people use, in each of the ways in which they use it.
    static let programs = [
      "allocations", "allocations-static", "allocations-jemalloc", "allocations-jemalloc-static",
      "allocations-tcmalloc", "allocations-musl", "allocations-musl-static",
    ]
    static let objects = ["objects", "objects-tcmalloc", "objects-static"]
    static let period = 65_536

    /// A program's work as it tells of it, and as it was recorded.
    struct Work {
      /// Bytes by place.
      var asked: [String: Int] = [:]
      var kept: [String: Int] = [:]
      let allocated: [FoldedStack]
      let held: [FoldedStack]
      let summary: AllocationSummary
      /// What was said before the recording began.
      let messages: String

      /// Records a program while it works.
      init(of name: String, _ arguments: [String] = []) throws {
        let program = try Workload.start(name, arguments)
        let scratch = try Scratch()
        let recorder = try Wick.start([
          "record", "-e", "alloc", "--live", "--alloc-period", "64K", "-d", "60s", "-p",
          "\(program.pid)", "-o", scratch.path("x.folded"), "--summary", scratch.path("x.json"),
        ])
        guard
          recorder.wait(limit: .seconds(15), until: { recorder.errors.contains("allocations/s") })
        else { throw HarnessError("no forecast: \(recorder.errors)") }
        usleep(1_500_000)
        program.send(signal: SIGUSR1)
        guard program.wait(limit: .seconds(20), until: { program.output.hasSuffix("done\n") })
        else { throw HarnessError("\(name) does not finish: \(program.errors)") }
        usleep(300_000)
        recorder.send(signal: SIGINT)
        let finished = try recorder.finish(limit: .seconds(20))
        #expect(finished.status == 0, "\(finished.errors)")
        messages = finished.errors
        for line in program.output.split(separator: "\n") {
          let fields = line.split(separator: " ")
          guard fields.count == 3 else { continue }
          asked[String(fields[0])] = Int(fields[1])
          kept[String(fields[0])] = Int(fields[2])
        }
        #expect(scratch.names == ["x.alloc.folded", "x.json", "x.live.folded"])
        allocated = scratch.text("x.alloc.folded").split(separator: "\n").compactMap(
          FoldedStack.init)
        held = scratch.text("x.live.folded").split(separator: "\n").compactMap(FoldedStack.init)
        summary = try JSONDecoder().decode(
          AllocationSummary.self, from: Data(scratch.text("x.json").utf8))
      }

      func asked(_ place: String) -> Int {
        allocated.filter { $0.user.contains(place) }.samples
      }

      func held(_ place: String) -> Int { held.filter { $0.user.contains(place) }.samples }
    }

    struct AllocationSummary: Decodable {
      struct Event: Decodable {
        struct Spans: Decodable {
          let count: Int
          let value: Int
        }

        let event: String
        let taken: Int
        let complete: Int
        let partial: [String: Int]
        let dropped: [String: Int]
        let value: Int
        let spans: Spans?

        var isBalanced: Bool {
          taken == complete + partial.values.reduce(0, +) + dropped.values.reduce(0, +)
        }
      }

      let events: [Event]
    }

    /// How far a sum of samples of `period` bytes each may be from the truth, five times in six
    /// million: five standard deviations.
    static func tolerance(_ bytes: Int) -> Int {
      5 * Int((Double(bytes) * Double(period)).squareRoot()) + period
    }

    @Test(arguments: programs) func whatAProgramAsksForIsFoundAtItsPlace(_ name: String) throws {
      let work = try Work(of: name)
      let total = work.asked.values.reduce(0, +)
      #expect(total > 1_000_000_000)
      // The sum is right to within a period for each thread.
      #expect(abs(work.allocated.samples - total) < total / 300, "\(work.allocated.heaviest)")
      // The kernel has counted each byte; the C library asks for a little to make threads.
      let event = try #require(work.summary.events.first { $0.event == "alloc" })
      let counted = try #require(event.spans)
      #expect(counted.value >= total && counted.value < total + 100_000)
      #expect(event.isBalanced)
      for (place, bytes) in work.asked {
        let found = work.asked(place)
        // A larger block than the period is always sampled, and counts as what it is.
        let isExact = ["large_blocks", "kept_large", "failed_blocks", "kept_grown"].contains(place)
        #expect(
          isExact ? found == bytes : abs(found - bytes) <= Self.tolerance(bytes),
          "\(place): \(found) of \(bytes)")
      }
      // The leaf is the function that called the allocator.
      let leaves = work.allocated.filter { $0.user.last.map { work.asked[$0] != nil } ?? false }
      #expect(Double(leaves.samples) > 0.99 * Double(total), "\(work.allocated.heaviest)")
    }

    @Test(arguments: programs) func whatIsNotFreedIsFoundAtItsPlace(_ name: String) throws {
      let work = try Work(of: name)
      for (place, bytes) in work.kept {
        let found = work.held(place)
        let isExact = ["kept_large", "failed_blocks", "kept_grown"].contains(place)
        // A place that keeps nothing has nothing left.
        #expect(
          isExact || bytes == 0 ? found == bytes : abs(found - bytes) <= Self.tolerance(bytes),
          "\(place): \(found) of \(bytes)")
      }
      let event = try #require(work.summary.events.first { $0.event == "live" })
      #expect(event.isBalanced)
      #expect(event.value == work.held.samples)
      #expect(event.dropped.isEmpty)
    }

    @Test(arguments: objects) func objectsAreFoundWhereTheyAreMade(_ name: String) throws {
      let work = try Work(of: name)
      let total = try #require(work.asked["objects"])
      let kept = try #require(work.kept["objects"])
      #expect(abs(work.allocated.samples - total) < total / 300)
      #expect(abs(work.asked("new_object") - total / 6) <= Self.tolerance(total / 6))
      #expect(abs(work.asked("new_array") - total / 6 * 5) <= Self.tolerance(total / 6 * 5))
      #expect(abs(work.held.samples - kept) <= Self.tolerance(kept))
    }

    @Test func stacksReachTheStartOfTheThread() throws {
      let work = try Work(of: "allocations")
      let whole = work.allocated.filter { $0.incomplete == nil }.samples
      #expect(Double(whole) > 0.95 * Double(work.allocated.samples), "\(work.allocated.heaviest)")
      let paths = work.allocated.filter { $0.path(from: "work").count == 2 }
      #expect(Double(paths.samples) > 0.95 * Double(work.allocated.samples))
    }

    @Test func theCostIsToldBefore() throws {
      let work = try Work(of: "allocations")
      #expect(
        work.messages.hasPrefix("wick: alloc: about 0 allocations/s in libc.so.6; the probes take"),
        "\(work.messages)")
      let busy = try Workload.start("allocations", ["busy"])
      let scratch = try Scratch()
      let recording = try Wick.run([
        "record", "-e", "alloc", "-d", "500ms", "-p", "\(busy.pid)", "-o", scratch.path("x.folded"),
      ])
      // Half a million calls a second and more take a good part of the processor.
      let match = try #require(
        recording.errors.firstMatch(of: #/about ([0-9,]+) allocations.*about ([0-9]+) % of a CPU/#))
      let rate = try #require(Int(match.1.filter { $0 != "," }))
      let percent = try #require(Int(match.2))
      #expect(rate > 100_000 && percent > 1 && percent <= 5_000, "\(recording.errors)")
      // And it goes on working when the probes are gone.
      let lines = busy.output.count
      #expect(busy.wait(limit: .seconds(20), until: { busy.output.count > lines }))
    }

    @Test func aProgramWithoutAnAllocatorIsRefused() throws {
      let program = try Workload.start("names-go")
      let scratch = try Scratch()
      let recording = try Wick.run([
        "record", "-e", "alloc", "-d", "20s", "-p", "\(program.pid)", "-o",
        scratch.path("x.folded"),
      ])
      #expect(recording.status == 1)
      #expect(recording.errors.contains("names-go"), "\(recording.errors)")
      #expect(recording.errors.contains("malloc"))
      #expect(recording.errors.split(separator: "\n").count == 1)
      #expect(scratch.names.isEmpty)
    }

    @Test(arguments: [
      ["-e", "alloc"], ["-e", "alloc", "-a"], ["-e", "cpu,alloc", "-p", "1", "-p", "2"],
      ["-e", "alloc", "--", "true"], ["--live"], ["--alloc-period", "64K", "-p", "1"],
      ["-e", "alloc", "-p", "1", "--alloc-period", "4G"],
    ])
    func whatCannotBeAskedForIsToldAtOnce(_ arguments: [String]) throws {
      let program = try Wick.run(["record", "-d", "20s"] + arguments, limit: .seconds(15))
      #expect(program.status == 64, "\(program.errors)")
      #expect(program.errors.contains("alloc"), "\(program.errors)")
    }
  }
}
