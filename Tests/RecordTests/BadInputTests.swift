import Foundation
import Testing

extension RecordTests {
  /// Each mistake gets one line that helps, its own exit status, and no sampling.
  @Suite struct BadInputTests {
    struct Mistake: CustomTestStringConvertible, Sendable {
      let arguments: [String]
      /// What the message must name.
      let names: String
      var status: CInt = 1

      var testDescription: String { arguments.joined(separator: " ") }
    }

    static let mistakes = [
      Mistake(arguments: ["-p", "4194305"], names: "4194305"),
      Mistake(arguments: ["-F", "100000000"], names: "100000"),
      Mistake(arguments: ["--cgroup", "/nonexistent/group"], names: "/nonexistent/group"),
      Mistake(arguments: ["-o", "/nonexistent/folder/x.folded"], names: "/nonexistent/folder"),
      Mistake(arguments: ["-o", "/proc/x.folded"], names: "/proc"),
      Mistake(arguments: ["-o", "x.unheard-of"], names: "unheard-of"),
    ]

    @Test(arguments: mistakes) func aMistakeIsNamedBeforeSampling(_ mistake: Mistake) throws {
      let scratch = try Scratch()
      let output = mistake.arguments.contains("-o") ? [] : ["-o", scratch.path("x.folded")]
      let program = try Wick.run(
        ["record", "-d", "20s"] + mistake.arguments + output,
        limit: .seconds(15))
      #expect(program.status == mistake.status, "\(program.errors)")
      #expect(program.errors.contains(mistake.names), "\(program.errors)")
      #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
      #expect(scratch.names.isEmpty)
    }

    @Test(arguments: [
      ["record", "--no-such-option"], ["record", "-d", "soon"], ["record", "-F", "often"],
      ["record", "-F", "0"], ["record", "-d", "0s"], ["record", "-d", "999999h"],
      ["record", "-p", "init"], ["record", "-a", "-p", "1"], ["no-such-command"], ["report"],
      ["convert", "one"], ["record", "-e", "of-cpu"], ["record", "-e", "syscalls:raed"],
      ["record", "-e", "cpu,cpu"], ["record", "-e", ""], ["record", "-e", "syscalls:"],
      ["record", "--max-overhead", "0"], ["record", "--max-overhead", "101"],
    ])
    func aUsageErrorExitsWith64(_ arguments: [String]) throws {
      let program = try Wick.run(arguments, limit: .seconds(15))
      #expect(program.status == 64, "\(program.errors)")
      #expect(!program.errors.isEmpty)
    }

    @Test(arguments: [
      ("of-cpu", "off-cpu"), ("syscalls:raad", "read"), ("runqeue", "runqueue"),
      ("syscalls:raed", "read"),
      ("cpu,syscalls:read,futx", "futex"),
    ])
    func aMistypedEventIsAnsweredWithTheNearest(_ written: String, _ meant: String) throws {
      let scratch = try Scratch()
      let program = try Wick.run(
        ["record", "-e", written, "-o", scratch.path("x.folded")], limit: .seconds(15))
      #expect(program.status == 64, "\(program.errors)")
      #expect(program.errors.contains("did you mean \(meant)?"), "\(program.errors)")
      #expect(scratch.names.isEmpty)
    }

    @Test func severalEventsDoNotGoToStandardOutput() throws {
      let program = try Wick.run(
        ["record", "-e", "cpu,off-cpu", "-d", "20s", "-o", "-", "--format", "folded"],
        limit: .seconds(15))
      #expect(program.status == 1)
      #expect(program.errors.contains("several events"), "\(program.errors)")
      #expect(program.output.isEmpty)
    }

    @Test(arguments: [
      ["record", "-d", "1s", "-o", "-", "--format", "folded"],
      ["record", "-e", "alloc", "-p", "1", "-d", "1s", "-o", "-", "--format", "folded"],
      ["latency", "syscalls", "-d", "1s"], ["latency", "dns", "-d", "1s", "-a"],
    ])
    func missingPrivilegesAreNamed(_ arguments: [String]) throws {
      let scratch = try Scratch()
      // A copy, since the folder of the build may be closed to others.
      try FileManager.default.copyItem(atPath: Wick.path, toPath: scratch.path("wick"))
      let program = try RunningProgram(
        "/usr/bin/setpriv",
        [
          "--reuid=65534", "--regid=65534", "--clear-groups", scratch.path("wick"),
        ] + arguments
      ).finish(limit: .seconds(10))
      #expect(program.status == 1, "\(program.errors)")
      #expect(program.errors.contains("CAP_BPF") && program.errors.contains("CAP_PERFMON"))
      #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
    }

    /// Starts a program to which bpf(2), number 321, is forbidden, though it is root.
    private static let forbidding = """
      import ctypes, os, struct, sys
      lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 321), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
      code = b"".join(struct.pack("HBBI", *line) for line in lines)
      memory = ctypes.create_string_buffer(code)
      program = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(memory))
      libc = ctypes.CDLL(None, use_errno=True)
      if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
          sys.exit(f"seccomp: {ctypes.get_errno()}")
      os.execv(sys.argv[1], sys.argv[1:])
      """

    @Test(arguments: LatencyCommandTests.features)
    func whatAFilterForbidsIsNamed(_ kind: String, _ feature: String) throws {
      let scratch = try Scratch()
      let program = try RunningProgram(
        "/usr/bin/python3",
        [
          "-c", Self.forbidding, Wick.path, "latency", kind, "-d", "1s", "-o",
          scratch.path("x.html"),
        ]
      ).finish(limit: .seconds(10))
      #expect(program.status == 1, "\(program.errors)")
      let line = #/wick: latency of (.+) cannot be measured: cannot .+ \(allow bpf .+\)\n/#
      let match = program.errors.wholeMatch(of: line)
      #expect(try #require(match, "\(program.errors)").1 == feature)
      #expect(scratch.names.isEmpty && program.output.isEmpty)
    }

    @Test(arguments: ["report", "convert", "diff"])
    func aFileThatIsNoProfileIsRefused(_ command: String) throws {
      let scratch = try Scratch()
      let junk = try scratch.create("junk.pb.gz")
      try junk.write(contentsOf: Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) }))
      let file = scratch.path("junk.pb.gz")
      let arguments =
        switch command {
        case "diff": ["diff", file, file, "-o", scratch.path("x.html")]
        case "convert": ["convert", file, scratch.path("x.svg")]
        default: ["report", file]
        }
      let program = try Wick.run(arguments, limit: .seconds(15))
      #expect(program.status == 1 && !program.wasKilled, "\(program.errors)")
      #expect(program.errors.contains("junk.pb.gz"))
      #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
      #expect(scratch.names == ["junk.pb.gz"])
    }
  }
}
