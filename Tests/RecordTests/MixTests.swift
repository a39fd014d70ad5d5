import Foundation
import Testing

extension RecordTests {
  /// Many programs without frame pointers at once, in steady state.
  @Suite struct MixTests {
    /// Go keeps frame pointers; `loader` waits before it works.
    static let mix = WorkloadTests.workloads.filter {
      !["names-go", "loader"].contains($0.name) && !$0.name.hasSuffix("-clang")
    }

    /// The workloads of a process name: one program may run with several arguments.
    private func workloads(of process: String) -> [Workload] {
      Self.mix.filter { $0.name == process }
    }

    @Test func aMixOfProgramsIsWholeAndTrue() throws {
      let programs = try Self.mix.map { try Workload.start($0.name, $0.arguments) }
      let targets = programs.flatMap { ["-p", "\($0.pid)"] }
      let recording = try Recording.of(
        targets + ["-d", "15s", "-F", "499"], limit: .seconds(90))
      #expect(programs.allSatisfy { $0.isRunning })
      recording.expectExactLedger()
      let stacks = recording.stacks
      print("mix: \(stacks.samples) samples, \(recording.summary)")
      #expect(stacks.samples > 5_000, "too few samples to judge by")
      #expect(
        recording.summary.coverage >= 0.995,
        "\(recording.summary.partial) \(recording.summary.dropped) \(incomplete(stacks))")
      for process in Set(Self.mix.map(\.name)) {
        let own = recording.stacks(of: process)
        #expect(own.samples > 20, "\(process)")
        let whole = own.filter { $0.incomplete == nil }
        let onPath = whole.share { stack in
          workloads(of: process).contains { $0.path(of: stack) != nil }
        }
        #expect(onPath >= 0.98, "\(process): \(own.heaviest)")
      }
    }

    private func incomplete(_ stacks: [FoldedStack]) -> String {
      stacks.filter { $0.incomplete != nil }.heaviest
    }
  }
}
