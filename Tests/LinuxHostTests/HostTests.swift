import Foundation
@testable import LinuxHost
import Testing

@Suite struct HostTests {
  @Test(arguments: [
    ("0", [0]), ("0-3,8\n", [0, 1, 2, 3, 8]), ("", []), ("\n", []), ("5-3", []), ("x", []),
    ("0-65536", []), ("99999999999999999999", []), ("1,,2", [1, 2]), ("0-1, 4", [0, 1, 4]),
  ])
  func aListOfProcessorsIsRead(_ text: String, _ expected: [Int]) {
    #expect(Machine.list(text) == expected)
  }

  @Test func thisMachineHasTheProcessorsThatItSays() throws {
    let machine = Machine(roots: HostRoots())
    #expect(machine.onlineCPUs().count == ProcessInfo.processInfo.activeProcessorCount)
    #expect(machine.possibleCPUCount() >= machine.onlineCPUs().count)
    let kernel = try shell("uname -r").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(machine.kernel == kernel)
    #expect(machine.architecture == "x86_64")
    #expect(machine.maximumFrequency() > 0)
  }

  @Test func clocksGoForward() {
    var last = Clock.monotonic()
    for _ in 0..<10_000 {
      let now = Clock.monotonic()
      #expect(now >= last)
      last = now
    }
    #expect(Clock.wall() > 1_700_000_000_000_000_000)
    #expect(Clock.wall() > last)
    #expect(Clock.localStamp().wholeMatch(of: /\d{8}-\d{6}/) != nil)
  }

  @Test func aProcessIsKnownByItsNumberButAThreadIsNot() throws {
    let processes = Processes(roots: HostRoots())
    let own = UInt32(ProcessInfo.processInfo.processIdentifier)
    #expect(processes.exists(own))
    #expect(!processes.exists(0))
    #expect(!processes.exists(UInt32.max))
    #expect(processes.all().contains(own))
    #expect(processes.user(of: own) == 0)
    #expect(processes.innermostPID(of: own) == own)
    // A thread has an entry of its own below /proc that a listing does not show.
    let running = try RunningShell(
      "exec python3 -c 'import threading,time;t=threading.Thread(target=time.sleep,args=(30,));t.start();print(t.native_id,flush=True)'"
    )
    let tid = UInt32(running.read().trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    #expect(FileManager.default.fileExists(atPath: "/proc/\(tid)/maps"))
    #expect(!processes.exists(tid))
    #expect(processes.exists(running.pid))
  }

  @Test func theNumberInsideANamespaceIsFound() throws {
    let running = try RunningShell("exec unshare -p -f sh -c 'echo ready; exec sleep 30'")
    #expect(running.read().hasPrefix("ready"))
    let children = SystemFile.text("/proc/\(running.pid)/task/\(running.pid)/children") ?? ""
    let inner = try #require(UInt32(children.trimmingCharacters(in: .whitespaces)))
    #expect(Processes(roots: HostRoots()).innermostPID(of: inner) == 1)
    kill(pid_t(inner), SIGKILL)
  }

  @Test func theVdsoIsAnImage() throws {
    let image = try #require(Vdso.image(roots: HostRoots()))
    #expect(image.prefix(4) == [0x7f, 0x45, 0x4c, 0x46])
  }

  @Test(arguments: ["1000-2000", "7ffff0000000-7fffffff0000", "fffffffffffff000-ffffffffffffffff"])
  func aRecordedVdsoIsNotLookedForInOurMemory(_ range: String) throws {
    let scratch = try Scratch()
    try scratch.write("\(range) r-xp 00000000 00:00 0    [vdso]\n", to: "self/maps")
    #expect(Vdso.image(roots: scratch.roots) == nil)
  }

  @Test func aPathCanBeWrittenOrTheReasonIsGiven() throws {
    let scratch = try Scratch()
    let folder = scratch.path
    let file = try scratch.write("x", to: "file")
    #expect(FileAccess.isDirectory(folder))
    #expect(!FileAccess.isDirectory(file))
    for (path, expected) in [("a", "."), ("/a", "/"), ("/a/b", "/a"), ("a/b/", "a/b")] {
      #expect(FileAccess.folder(of: path) == expected)
    }
    #expect(FileAccess.reasonNotWritable(file, folder: folder) == nil)
    #expect(FileAccess.reasonNotWritable(folder + "/new", folder: folder) == nil)
    #expect(FileAccess.reasonNotWritable("/dev/null", folder: "/dev") == nil)
    #expect(
      FileAccess.reasonNotWritable("/nowhere/x", folder: "/nowhere") == "No such file or directory")
    #expect(FileAccess.reasonNotWritable("/proc/x", folder: "/proc") != nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
  }
}
