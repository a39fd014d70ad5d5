import Foundation
@testable import LinuxHost
import Testing

/// Files of other processes, which may mislead or block whoever opens them.
@Suite struct ForeignFilesTests {
  private let files = ForeignFiles(roots: HostRoots())
  private let own = UInt32(ProcessInfo.processInfo.processIdentifier)

  private func open(_ path: String, pid: UInt32? = nil) -> OpenFile? {
    files.open(path: Array(path.utf8), pid: pid ?? own)
  }

  @Test func aRegularFileIsOpened() throws {
    let scratch = try Scratch()
    let path = try scratch.write("contents", to: "file")
    let file = try #require(open(path))
    #expect(file.read(at: 0, count: 100) == Array("contents".utf8))
    #expect(files.open(path: Array(path.utf8), pid: nil)?.identity == file.identity)
  }

  @Test func nothingButARegularFileIsOpened() throws {
    let scratch = try Scratch()
    let fifo = scratch.path + "/fifo"
    let socket = scratch.path + "/socket"
    try shell(
      "mkfifo \(fifo); python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \(socket)"
    )
    let took = ContinuousClock().measure {
      for path in [fifo, socket, scratch.path, "/dev/zero", "/dev/tty", "/nowhere", "", "relative"]
      {
        #expect(open(path) == nil)
      }
    }
    #expect(took < .seconds(10))
    #expect(files.open(path: Array("/etc/passwd\0x".utf8), pid: own) == nil)
  }

  @Test func linksOfProcAreNotFollowed() throws {
    let scratch = try Scratch()
    let path = try scratch.write("secret", to: "file")
    let handle = try #require(FileHandle(forReadingAtPath: path))
    let number = handle.fileDescriptor
    #expect(FileManager.default.fileExists(atPath: "/proc/self/fd/\(number)"))
    for link in ["/proc/\(own)/fd/\(number)", "/proc/\(own)/root\(path)", "/proc/\(own)/exe"] {
      #expect(open(link) == nil)
    }
  }

  @Test func aLinkOutOfTheRootLeadsIntoIt() throws {
    let scratch = try Scratch()
    // A tree of /proc whose process 7 has a root of its own.
    try scratch.write("inside", to: "7/root/etc/passwd")
    try shell(
      "cd \(scratch.path)/7/root && ln -s /etc/passwd absolute && ln -s ../../../../../../../../etc/passwd up && ln -s / top"
    )
    // The handle is reopened through our own /proc.
    try shell("ln -s /proc/self \(scratch.path)/self")
    let foreign = ForeignFiles(roots: scratch.roots)
    for path in ["/absolute", "/up", "/top/etc/passwd", "/etc/../../../etc/passwd"] {
      let file = foreign.open(path: Array(path.utf8), pid: 7)
      #expect(file?.read(at: 0, count: 100) == Array("inside".utf8))
    }
  }

  @Test func aDeletedProgramIsOpenedThroughItsMapping() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/sleeper"
    try shell("cp /bin/sleep \(path)")
    let running = try RunningShell("exec \(path) 30")
    let line = try mapping(of: path, pid: running.pid)
    try FileManager.default.removeItem(atPath: path)
    let file = try #require(files.open(mappedAt: line.start..<line.end, pid: running.pid))
    #expect(file.identity.inode == line.inode)
    #expect(file.read(at: 0, count: 4) == [0x7f, 0x45, 0x4c, 0x46])
    #expect(open(path, pid: running.pid) == nil)
    #expect(files.open(mappedAt: line.start + 1..<line.end, pid: running.pid) == nil)
  }

  private func mapping(of path: String, pid: UInt32) throws -> MemoryMapLine {
    for _ in 0..<2_000 {
      let lines = Processes(roots: HostRoots()).executableMappings(of: pid) ?? []
      if let line = lines.first(where: { $0.path.elementsEqual(path.utf8) }) { return line }
      usleep(10_000)
    }
    throw CocoaError(.fileNoSuchFile)
  }

  @Test func aFileInAnotherMountNamespaceIsOpenedByItsPathThere() throws {
    let scratch = try Scratch()
    let place = try scratch.directory("mount")
    let running = try RunningShell(
      "exec unshare -m sh -c 'mount -t tmpfs none \(place) && echo there > \(place)/file && echo ready && exec sleep 30'"
    )
    #expect(running.read().hasPrefix("ready"))
    #expect(open(place + "/file") == nil)
    #expect(open(place + "/file", pid: running.pid)?.read(at: 0, count: 9) == Array("there\n".utf8))
  }

  @Test func aProcessThatIsGoneHasNoFiles() throws {
    let pid = UInt32(try shell("echo $$").trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    #expect(open("/etc/passwd", pid: pid) == nil)
    #expect(files.open(mappedAt: 0x1000..<0x2000, pid: pid) == nil)
  }
}
