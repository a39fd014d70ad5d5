import Foundation
import LinuxHost
import RemoteUnwinding
import Testing

@testable import PerfEvents
@testable import ProcessTracking

/// Processes that run.
@Suite struct RealProcessTests {
  private let table = ProcessTable(roots: HostRoots())

  /// A program that runs until its owner is gone.
  private final class Running {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ program: String, _ arguments: [String]) throws {
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
      process.standardInput = input
      process.standardOutput = output
      try process.run()
    }

    deinit {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }

    var pid: UInt32 { UInt32(process.processIdentifier) }
    func readLine() -> String {
      var line = Data()
      while line.last != UInt8(ascii: "\n"),
        let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
      {
        line.append(byte)
      }
      return String(decoding: line, as: UTF8.self)
    }
    func writeLine() { input.fileHandleForWriting.write(Data("\n".utf8)) }
  }

  private func range(_ suffix: String, in image: ProcessImage) -> MappedRange? {
    image.ranges.first { String(decoding: $0.file.path, as: UTF8.self).hasSuffix(suffix) }
  }

  private func isExecutable(_ range: MappedRange, in image: ProcessImage) -> Bool {
    if case .executable = image.contents(of: range) { true } else { false }
  }

  /// Waits until a program has mapped a file.
  private func scan(_ pid: UInt32, until suffix: String) throws -> (ProcessImage, MappedRange) {
    for _ in 0..<2_000 {
      table.scan([pid])
      let image = table.image(at: Clock.monotonic(), pid: pid)
      if let range = range(suffix, in: image) { return (image, range) }
      usleep(10_000)
    }
    throw CocoaError(.fileNoSuchFile)
  }

  @Test func ourOwnCodeIsFoundAndUnwindable() throws {
    table.scan([UInt32(getpid())])
    let image = table.image(at: Clock.monotonic(), pid: UInt32(getpid()))
    let library = try #require(range("/libc.so.6", in: image))
    guard case .file(let module, let bias) = image.place(at: library.start) else {
      Issue.record("libc is no file")
      return
    }
    #expect(module.isSearchable)
    #expect(bias & 0xfff == 0)
    let vdso = try #require(range("[vdso]", in: image))
    #expect(isExecutable(vdso, in: image))
    guard case .nowhere = image.place(at: 0) else {
      Issue.record("something is at 0")
      return
    }
  }

  @Test func aLibraryThatIsLoadedLaterIsFoundByAsking() throws {
    let running = try Running(
      "/usr/bin/env",
      [
        "/usr/bin/python3", "-c",
        "import ctypes; print('a', flush=True); input(); ctypes.CDLL('libelf.so.1'); print('b', flush=True); input()",
      ])
    #expect(running.readLine() == "a\n")
    table.scan([running.pid])
    let image = table.image(at: Clock.monotonic(), pid: running.pid)
    #expect(range("/libelf", in: image) == nil)
    running.writeLine()
    #expect(running.readLine() == "b\n")
    #expect(table.reconcile(image, now: Clock.monotonic()))
    let library = try #require(
      image.ranges.first { String(decoding: $0.file.path, as: UTF8.self).contains("/libelf") })
    #expect(isExecutable(library, in: image))
  }

  @Test func aProgramThatWasDeletedIsReadThroughItsMapping() throws {
    let path = NSTemporaryDirectory() + "wick-deleted-" + UUID().uuidString
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
    let running = try Running(path, ["30"])
    for _ in 0..<200 where (try? scan(running.pid, until: "/libc.so.6")) == nil { usleep(10_000) }
    try FileManager.default.removeItem(atPath: path)
    let (image, range) = try scan(running.pid, until: path)
    #expect(isExecutable(range, in: image))
    // Seen for the first time when it was deleted already.
    let late = ProcessTable(roots: HostRoots())
    late.scan([running.pid])
    let lateImage = late.image(at: Clock.monotonic(), pid: running.pid)
    let lateRange = try #require(self.range(path, in: lateImage))
    #expect(isExecutable(lateRange, in: lateImage))
  }

  @Test func aFileOfAnEventIsHeldOpenAfterItsProcessEnded() throws {
    let path = NSTemporaryDirectory() + "wick-short-" + UUID().uuidString
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
    let running = try Running(path, ["30"])
    let pid = running.pid
    let (_, seen) = try scan(pid, until: path)
    let fresh = ProcessTable(roots: HostRoots())
    fresh.apply(ProcessEvent(time: 1, pid: pid, kind: .map(try memory(of: path, like: seen))))
    try FileManager.default.removeItem(atPath: path)
    kill(running.process.processIdentifier, SIGKILL)
    running.process.waitUntilExit()
    let image = fresh.image(at: 2, pid: pid)
    #expect(isExecutable(try #require(image.range(at: seen.start)), in: image))
  }

  private func memory(of path: String, like range: MappedRange? = nil) throws -> MappedMemory {
    let file = try #require(OpenFile(trusted: path))
    let device = file.identity.device
    return MappedMemory(
      start: range?.start ?? 0x10000, end: range?.end ?? 0x11000,
      fileOffset: range?.fileOffset ?? 0,
      device: DeviceNumber(major: UInt32(device >> 8 & 0xfff), minor: UInt32(device & 0xff)),
      inode: file.identity.inode, inodeGeneration: 0, path: Array(path.utf8))
  }

  @Test(arguments: ["text", "", "\u{7f}ELF", "\u{7f}ELF\u{2}\u{1}\u{1}"])
  func aFileThatIsNoProgramIsUnreadable(_ contents: String) throws {
    let path = NSTemporaryDirectory() + "wick-text-" + UUID().uuidString
    try contents.write(toFile: path, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    table.apply(ProcessEvent(time: 1, pid: UInt32(getpid()), kind: .map(try memory(of: path))))
    let image = table.image(at: 2, pid: UInt32(getpid()))
    guard case .unreadable = image.place(at: 0x10800) else {
      Issue.record("not unreadable: \(image.place(at: 0x10800))")
      return
    }
  }

  @Test func aFileThatWasReplacedIsNotReadForTheOneThatWasMapped() throws {
    let path = NSTemporaryDirectory() + "wick-swap-" + UUID().uuidString
    try FileManager.default.copyItem(atPath: "/bin/true", toPath: path)
    let mapped = try memory(of: path)
    try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
    defer { [path, path + ".old"].forEach { try? FileManager.default.removeItem(atPath: $0) } }
    table.apply(ProcessEvent(time: 1, pid: UInt32(getpid()), kind: .map(mapped)))
    let image = table.image(at: 2, pid: UInt32(getpid()))
    guard case .unreadable = image.place(at: 0x10800) else {
      Issue.record("read: \(image.place(at: 0x10800))")
      return
    }
  }

  @Test func everyProcessOfThisHostCanBeScanned() throws {
    let took = ContinuousClock().measure { table.scan(Processes(roots: HostRoots()).all()) }
    #expect(took < .seconds(60))
    #expect(table.count > 1)
  }
}
