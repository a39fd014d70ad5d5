import Foundation
import Testing

extension RecordTests {
  /// What is sampled: processes, children, cgroups, namespaces, kernel and user side.
  @Suite struct TargetTests {
    @Test func onlyTheGivenProcessesAreSampled() throws {
      let one = try Workload.start("split")
      let two = try Workload.start("recursion")
      let bystander = try Workload.start("split-clang")
      let recording = try Recording.of(
        ["-p", "\(one.pid)", "-p", "\(two.pid)", "-d", "2s", "-F", "199"])
      #expect(bystander.isRunning)
      recording.expectExactLedger()
      #expect(Set(recording.stacks.map(\.process)) == ["split", "recursion"])
    }

    @Test func theWholeHostIsTheDefault() throws {
      let one = try Workload.start("split")
      let two = try Workload.start("recursion")
      for options in [[], ["-a"]] {
        let recording = try Recording.of(options + ["-d", "1s", "-F", "199"])
        recording.expectExactLedger()
        #expect(one.isRunning && two.isRunning)
        #expect(recording.stacks(of: "split").samples > 50)
        #expect(recording.stacks(of: "recursion").samples > 50)
      }
    }

    @Test func childrenForkedLaterBelongToTheProcess() throws {
      let program = try Workload.start("forks")
      let recording = try Recording.of(["-p", "\(program.pid)", "-d", "2s", "-F", "499"])
      recording.expectExactLedger()
      #expect(recording.summary.coverage >= 0.99)
      let path = ["main", "spawn", "child_work"]
      #expect(recording.stacks.samples > 100)
      #expect(
        recording.stacks.share { $0.path(from: "main").starts(with: path) } >= 0.9,
        "\(recording.stacks.heaviest)")
    }

    /// One folder for a new cgroup in each kind of hierarchy that the host has.
    static var hierarchies: [String] {
      let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
      let fields = mounts.split(separator: "\n").map { $0.split(separator: " ") }
      let second = fields.first { $0.count > 2 && $0[2] == "cgroup2" }
      let first = fields.first { $0.count > 3 && $0[2] == "cgroup" && $0[3].hasSuffix(",cpu") }
      return [first, second].compactMap { $0.map { String($0[1]) } }
    }

    @Test(arguments: hierarchies) func aCgroupIsSampledWithAllItsProcesses(_ hierarchy: String)
      throws
    {
      let group = URL(filePath: "\(hierarchy)/wick-test-\(getpid())")
      try FileManager.default.createDirectory(at: group, withIntermediateDirectories: false)
      // Recursive removal would try the group's files, which cannot be removed.
      defer { _ = try? RunningProgram("/bin/rmdir", [group.path]).finish(limit: .seconds(15)) }
      let inside = try Workload.start("split")
      let outside = try Workload.start("split-clang")
      try "\(inside.pid)".write(
        to: group.appending(path: "cgroup.procs"), atomically: false, encoding: .utf8)
      let recording = try Recording.of(["--cgroup", group.path, "-d", "2s", "-F", "499"])
      inside.kill()
      #expect(outside.isRunning)
      recording.expectExactLedger()
      #expect(recording.stacks.samples > 100)
      #expect(recording.summary.coverage >= 0.99)
      #expect(Set(recording.stacks.map(\.process)) == ["split"])
    }

    @Test func aProgramInOtherNamespacesIsNamedFromItsOwnFiles() throws {
      // The program and its map of generated code exist only inside the new mount namespace.
      let script = """
        mount -t tmpfs none /tmp && cp /proc/self/fd/9 /tmp/hidden && exec /tmp/hidden 20
        """
      let unshare = "unshare --mount --pid --fork --kill-child --mount-proc"
      let program = try RunningProgram(
        "/bin/sh",
        ["-c", "exec 9<$0; exec \(unshare) sh -c \"$1\"", Workload.path("jit"), script])
      guard program.wait(limit: .seconds(10), until: { program.output.hasPrefix("ready") }) else {
        throw HarnessError("the program in the namespace does not begin: \(program.errors)")
      }
      let children = "/proc/\(program.pid)/task/\(program.pid)/children"
      let child = try String(contentsOfFile: children, encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let recording = try Recording.of(["-p", child, "-d", "2s", "-F", "499"])
      recording.expectExactLedger()
      #expect(recording.summary.coverage >= 0.98, "\(recording.stacks.heaviest)")
      let named = recording.stacks.share {
        $0.process == "hidden"
          && $0.path(from: "main") == ["main", "run_generated", "generated_[j]"]
      }
      #expect(named >= 0.98, "\(recording.stacks.heaviest)")
    }

    @Test func eachSideCanBeLeftOut() throws {
      let program = try Workload.start("vdso")
      let busyInKernel = try RunningProgram("/bin/dd", ["if=/dev/zero", "of=/dev/null", "bs=1M"])
      let options = ["-p", "\(program.pid)", "-p", "\(busyInKernel.pid)", "-d", "1s", "-F", "499"]
      let both = try Recording.of(options)
      #expect(both.stacks.contains { !$0.kernel.isEmpty })
      #expect(both.stacks.contains { !$0.user.isEmpty })
      let user = try Recording.of(options + ["--no-kernel"])
      user.expectExactLedger()
      #expect(user.stacks.samples > 100)
      #expect(user.stacks.allSatisfy { $0.kernel.isEmpty })
      let kernel = try Recording.of(options + ["--no-user"])
      kernel.expectExactLedger()
      #expect(kernel.stacks.samples > 100)
      #expect(kernel.stacks.allSatisfy { $0.user.isEmpty })
    }

    @Test func aThousandShortProcessesAreWhole() throws {
      let recording = try Recording.of(
        ["-F", "199", "-d", "5m"],
        command: [Workload.path("launcher"), Workload.path("short"), "1000"],
        limit: .seconds(170))
      #expect(recording.program.status == 0)
      recording.expectExactLedger()
      let short = recording.stacks(of: "short")
      // 50 s of work at 199 samples a second.
      #expect(short.samples > 4_000)
      let whole = short.share { $0.incomplete == nil }
      #expect(whole >= 0.98, "\(short.heaviest)")
      let working = short.share { $0.path(from: "main").starts(with: ["main", "brief_work"]) }
      #expect(working >= 0.8, "\(short.heaviest)")
      print("1,000 processes: \(short.samples) samples, \(whole) whole, \(recording.summary)")
    }
  }
}
