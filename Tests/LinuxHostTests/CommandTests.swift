import Foundation
@testable import LinuxHost
import Testing

@Suite struct CommandTests {
  private func failure(_ arguments: [String]) -> Command.Failure? {
    do {
      _ = try Command(arguments)
      return nil
    } catch { return error }
  }

  @Test func aNameIsFoundAlongThePath() throws {
    #expect(try Command(["sh", "-c", "true"]).path.hasSuffix("/sh"))
    #expect(try Command(["/bin/sh"]).path == "/bin/sh")
  }

  @Test func whatIsNotThereEndsWith127() throws {
    for name in ["", "wick-has-no-such-program", "/nowhere/x", "./wick-nothing", "/etc/passwd/x"] {
      #expect(failure([name])?.exitStatus == 127)
    }
    #expect(failure([])?.exitStatus == 127)
  }

  @Test func whatCannotRunEndsWith126() throws {
    let scratch = try Scratch()
    let file = try scratch.write("text", to: "plain")
    for path in [scratch.path, "/etc/passwd", file] {
      let failure = try #require(self.failure([path]))
      #expect(failure.exitStatus == 126)
      #expect(failure.description.contains(path))
    }
  }
}

@Suite struct ChildProcessTests {
  private func start(_ arguments: [String]) throws -> ChildProcess {
    acceptSignals()
    let mask = SignalMask()
    defer { mask.release() }
    return try ChildProcess(Command(arguments), signals: mask)
  }

  /// Threads of a pool hold back all signals; the main thread of wick does not.
  private func acceptSignals() {
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_UNBLOCK, &all, nil)
  }

  @Test func nothingRunsBeforeItIsReleased() throws {
    let scratch = try Scratch()
    let file = scratch.path + "/ran"
    let child = try start(["/usr/bin/touch", file])
    usleep(100_000)
    #expect(!FileManager.default.fileExists(atPath: file))
    #expect(child.exitStatus() == nil)
    let program = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(child.pid)/exe")
    #expect(!program.hasSuffix("/touch"))
    try child.release()
    #expect(child.wait() == 0)
    #expect(FileManager.default.fileExists(atPath: file))
  }

  @Test func aProgramThatIsNeverReleasedEnds() throws {
    var child: ChildProcess? = try start(["/bin/true"])
    let pid = try #require(child?.pid)
    child = nil
    for _ in 0..<2_000 where isRunning(pid) { usleep(10_000) }
    #expect(!isRunning(pid))
  }

  private func isRunning(_ pid: UInt32) -> Bool {
    let state = SystemFile.text("/proc/\(pid)/stat")?.split(separator: ")").last?.prefix(2)
    return state != nil && state != " Z"
  }

  @Test func statusesAreThoseOfAShell() throws {
    for (line, status) in [
      ("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -9 $$", 137),
    ]
      as [(String, CInt)]
    {
      let child = try start(["/bin/sh", "-c", line])
      try child.release()
      #expect(child.wait() == status)
      #expect(child.exitStatus() == status)
    }
  }

  @Test func aProgramThatTheKernelRefusesSaysWhy() throws {
    let scratch = try Scratch()
    let lost = try scratch.write("#!/no/such/interpreter\n", to: "lost")
    let broken = try scratch.write("\u{7f}ELF-no-more", to: "broken")
    try shell("chmod +x \(lost) \(broken)")
    let child = try start([lost])
    #expect(throws: Command.Failure.noInterpreter(lost)) { try child.release() }
    let other = try start([broken])
    // Without a known format the shell gets it, as POSIX has it, and the shell refuses it.
    try other.release()
    #expect(other.wait() >= 126)
  }

  @Test func theSignalsThatWeHoldBackReachTheProgram() throws {
    acceptSignals()
    let mask = SignalMask()
    defer { mask.release() }
    let child = try ChildProcess(Command(["/bin/sleep", "20"]), signals: mask)
    try child.release()
    kill(pid_t(child.pid), SIGINT)
    #expect(child.wait() == 128 + SIGINT)
  }
}
