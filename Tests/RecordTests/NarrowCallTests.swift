import Foundation
import Testing

extension RecordTests {
  /// System calls by the table of 32-bit programs, whose numbers are others.
  @Suite struct NarrowCallTests {
    /// A 32-bit program, and a 64-bit one that calls as such a program does.
    static let programs = ["narrow-32", "narrow-64"]
    static let rounds = 40
    /// What the calls of a kind wait together, in nanoseconds, at least.
    static let waited = rounds * 5_000_000

    private struct Files {
      let status: CInt
      let errors: String
      /// By event.
      let stacks: [String: [FoldedStack]]
      /// How many calls the kernel has counted.
      let calls: Int

      /// Nanoseconds by the frame at the leaf that is not code.
      func marks(_ event: String) -> [String: Int] {
        Dictionary(
          (stacks[event] ?? []).compactMap { stack in stack.user.last.map { ($0, stack.count) } },
          uniquingKeysWith: +)
      }
    }

    private struct Events: Decodable {
      struct Event: Decodable {
        struct Spans: Decodable { let count: Int }

        let event: String
        let spans: Spans?
      }

      let events: [Event]
    }

    private static func record(_ program: String, _ events: String) throws -> Files {
      try Workload.prepare()
      let scratch = try Scratch()
      let finished = try Wick.run([
        "record", "-e", events, "-o", scratch.path("x.folded"), "--summary", scratch.path("x.json"),
        "--", Workload.path(program),
      ])
      let summary = try JSONDecoder().decode(
        Events.self, from: Data(scratch.text("x.json").utf8))
      var stacks: [String: [FoldedStack]] = [:]
      for event in summary.events.map(\.event) {
        let name = summary.events.count == 1 ? "x.folded" : "x.\(event).folded"
        stacks[event] = scratch.text(name).split(separator: "\n").compactMap(FoldedStack.init)
      }
      return Files(
        status: finished.status, errors: finished.errors, stacks: stacks,
        calls: summary.events.compactMap(\.spans).first?.count ?? 0)
    }

    @Test(arguments: programs) func theyHaveTheirRightNamesAndReasons(_ program: String) throws {
      let files = try Self.record(program, "syscalls,off-cpu")
      #expect(files.status == 0, "\(files.errors)")
      let calls = files.marks("syscalls")
      for name in ["[32:nanosleep]", "[32:futex]", "[32:read]", "[32:recvfrom]"] {
        let time = try #require(calls[name], "\(name): \(calls)")
        #expect(time > Self.waited * 9 / 10 && time < Self.waited * 20, "\(name): \(time)")
      }
      // The same numbers by the other table.
      for name in ["[sync]", "[mq_open]", "[syscall_371]", "[read]", "[close]"] {
        #expect(calls[name] ?? 0 < Self.waited / 10, "\(name): \(calls)")
      }
      let waits = files.marks("off-cpu")
      for reason in ["[timer]", "[lock]", "[network]", "[pipe or IPC]"] {
        let time = try #require(waits[reason], "\(reason): \(waits)")
        #expect(time > Self.waited * 9 / 10 && time < Self.waited * 20, "\(reason): \(time)")
      }
    }

    @Test(arguments: programs) func theyAreChosenByName(_ program: String) throws {
      // By name in both tables, or in the one alone; each is counted.
      for (events, count) in [("syscalls:futex,nanosleep", 2), ("syscalls:32:recvfrom", 1)] {
        let files = try Self.record(program, events)
        #expect(files.calls == count * Self.rounds, "\(events): \(files.marks("syscalls"))")
        #expect(files.marks("syscalls").keys.allSatisfy { $0.hasPrefix("[32:") })
      }
    }
  }
}
