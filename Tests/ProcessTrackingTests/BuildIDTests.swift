import Foundation
import LinuxHost
import ProfileModel
import RemoteUnwinding
import Testing

@testable import ELF
@testable import PerfEvents
@testable import ProcessTracking

/// Files that mappings name by build-id, which anybody can forge.
@Suite struct BuildIDTests {
  private let table = ProcessTable(roots: HostRoots())
  private let folder = NSTemporaryDirectory() + "wick-build-" + UUID().uuidString
  private let own = UInt32(getpid())
  /// No process has this number: it is above the kernel's limit.
  private let gone: UInt32 = 0x7000_0000
  private let buildID: BuildID

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = try #require(OpenFile(trusted: "/usr/bin/true"))
    buildID = try #require(try ELFImage(file).buildID)
  }

  /// A copy of a program with its build-id, and a mark behind its contents.
  private func program(_ name: String, mark: String) throws -> String {
    let path = "\(folder)/\(name)"
    var contents = try Data(contentsOf: URL(fileURLWithPath: "/usr/bin/true"))
    contents.append(Data(mark.utf8))
    try contents.write(to: URL(fileURLWithPath: path))
    return path
  }

  private func map(_ path: String, pid: UInt32) {
    let memory = MappedMemory(
      start: 0x10000, end: 0x20000, fileOffset: 0, device: .none, inode: 0, inodeGeneration: 0,
      buildID: buildID, path: Array(path.utf8))
    table.apply(ProcessEvent(time: 1, pid: pid, kind: .map(memory)))
  }

  private func executable(of pid: UInt32) -> ExecutableFile? {
    let image = table.image(at: 1, pid: pid)
    guard let range = image.range(at: 0x10000),
      case .executable(let file) = image.contents(of: range)
    else { return nil }
    return file
  }

  @Test func aFileIsOpenedWithItsMapping() throws {
    let path = try program("a", mark: "")
    map(path, pid: own)
    try FileManager.default.removeItem(atPath: folder)
    #expect(executable(of: own)?.image.buildID == buildID)
  }

  @Test func aKnownFileIsNotOpenedAgain() throws {
    let path = try program("a", mark: "")
    map(path, pid: own)
    let first = try #require(executable(of: own))
    try FileManager.default.removeItem(atPath: folder)
    let parent = UInt32(getppid())
    map(path, pid: parent)
    #expect(executable(of: parent) === first)
  }

  @Test func aChildThatIsGoneHasTheFilesOfItsParentsTree() throws {
    let path = try program("a", mark: "")
    map(path, pid: own)
    table.apply(ProcessEvent(time: 1, pid: gone, kind: .fork(parent: own)))
    table.apply(ProcessEvent(time: 1, pid: gone, kind: .exec))
    map(path, pid: gone)
    #expect(executable(of: gone) != nil)
    #expect(executable(of: gone) === executable(of: own))
  }

  @Test func aFileWithAnotherBuildIDIsNotTrusted() throws {
    let path = "\(folder)/a"
    try FileManager.default.copyItem(atPath: "/usr/bin/sleep", toPath: path)
    map(path, pid: own)
    #expect(executable(of: own) == nil)
    // The right one is, when it is there.
    try FileManager.default.removeItem(atPath: path)
    _ = try program("a", mark: "")
    let parent = UInt32(getppid())
    map(path, pid: parent)
    #expect(executable(of: parent) != nil)
    #expect(executable(of: own) == nil)
  }

  @Test func aFileThatNobodyKnowsIsUnreadableOnceItsProcessIsGone() throws {
    let path = try program("a", mark: "")
    map(path, pid: gone)
    #expect(executable(of: gone) == nil)
  }

  /// A container in whose tree the path leads to another file with the same build-id.
  private func container(_ path: String, _ forged: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = [
      "-m", "sh", "-c", "mount --bind '\(forged)' '\(path)' && echo && exec sleep 60",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    #expect(output.fileHandleForReading.availableData.count == 1)
    return process
  }

  @Test(arguments: [true, false])
  func aForgedFileIsUsedInItsOwnTreeAlone(_ forgedComesFirst: Bool) throws {
    let honest = try program("a", mark: "")
    let forged = try program("forged", mark: "forged")
    let container = try container(honest, forged)
    defer { container.terminate() }
    let evil = UInt32(container.processIdentifier)
    for pid in forgedComesFirst ? [evil, own] : [own, evil] { map(honest, pid: pid) }
    let mine = try #require(executable(of: own))
    let theirs = try #require(executable(of: evil))
    #expect(mine !== theirs)
    let size = try #require(OpenFile(trusted: honest)).size
    #expect(mine.image.source.size == size)
    #expect(theirs.image.source.size == size + 6)
    // A short child of the container leads nobody astray.
    table.apply(ProcessEvent(time: 1, pid: gone, kind: .fork(parent: evil)))
    map(honest, pid: gone)
    #expect(executable(of: gone) === theirs)
    let parent = UInt32(getppid())
    map(honest, pid: parent)
    #expect(executable(of: parent) === mine)
  }

  @Test func oneFileUnderTwoNamesIsOne() throws {
    let path = try program("a", mark: "")
    map(path, pid: own)
    let image = table.image(at: 1, pid: own)
    let generation = image.generation
    let file = try #require(OpenFile(trusted: path))
    let other = MappedMemory(
      start: 0x10000, end: 0x20000, fileOffset: 0, device: DeviceNumber(file.identity),
      inode: file.identity.inode, inodeGeneration: 0, path: Array(path.utf8))
    let first = try #require(executable(of: own))
    let parent = UInt32(getppid())
    table.apply(ProcessEvent(time: 1, pid: parent, kind: .map(other)))
    #expect(executable(of: parent) === first)
    #expect(image.generation == generation)
  }
}
