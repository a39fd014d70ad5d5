import Foundation
import LinuxHost
import ProfileModel
import RemoteUnwinding
import Testing

@testable import ELF
@testable import PerfEvents
@testable import ProcessTracking

/// Ever new files, as compile jobs make them.
@Suite(.serialized) struct FileCacheTests {
  private let table = ProcessTable(roots: HostRoots())
  private let own = UInt32(getpid())
  private let folder = NSTemporaryDirectory() + "wick-cache-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func apply(_ kind: ProcessEvent.Kind, at time: UInt64) {
    table.apply(ProcessEvent(time: time, pid: own, kind: kind))
  }

  private func memory(_ path: String, _ file: OpenFile, buildID: BuildID?) -> MappedMemory {
    MappedMemory(
      start: 0x10000, end: 0x11000, fileOffset: 0,
      device: buildID == nil ? DeviceNumber(file.identity) : .none,
      inode: buildID == nil ? file.identity.inode : 0, inodeGeneration: 0, buildID: buildID,
      path: Array(path.utf8))
  }

  /// How many descriptors are open on files of our folder.
  private func openFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
      return target?.hasPrefix(folder) ?? false
    }
  }

  @Test(arguments: [true, false])
  func descriptorsStayBoundedWhenEveryProgramIsNew(_ hasBuildID: Bool) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let original = try #require(OpenFile(trusted: "/usr/bin/true"))
    let buildID = hasBuildID ? try ELFImage(original).buildID : nil
    let contents = Data(original.read(at: 0, count: Int(original.size)))
    var most = 0
    var kept: [ExecutableFile] = []
    for number in 0..<3_000 as Range<UInt64> {
      let path = "\(folder)/\(number)"
      try contents.write(to: URL(fileURLWithPath: path))
      let time = number * 50_000_000
      apply(.exec, at: time)
      let file = try #require(OpenFile(trusted: path))
      apply(.map(memory(path, file, buildID: buildID)), at: time)
      try FileManager.default.removeItem(atPath: path)
      if number % 500 == 0 {
        let image = table.image(at: time, pid: own)
        let range = try #require(image.range(at: 0x10000))
        guard case .executable(let executable) = image.contents(of: range) else {
          Issue.record("\(number) cannot be read")
          continue
        }
        kept.append(executable)
        most = max(most, try openFiles())
      }
    }
    #expect(most > 100)
    // Five seconds of programs, and 512 that nobody runs; twice that until they are swept.
    #expect(try openFiles() < 1_300)
    // What a profile refers to can be read for as long as it does.
    for file in kept { #expect(file.image.symbols().symbol(at: 0) == nil) }
    for file in kept { #expect(file.image.read(address: 0, count: 4) == [0x7f, 0x45, 0x4c, 0x46]) }
  }

  @Test func aFileThatIsStillMappedIsNotForgotten() {
    var cache = MappedFileCache<Int>()
    var used: [MappedFile] = []
    func file(_ contents: MappedFile.Contents) -> MappedFile {
      MappedFile(path: [], inode: 1, device: .none, contents: contents)
    }
    for number in 0..<10_000 {
      let file = file(.unopened)
      if number % 10 == 0 { used.append(file) }
      let isKept = cache.insert(file, for: number)
      #expect(isKept)
    }
    for (index, file) in used.enumerated() {
      let found = cache[index * 10]
      #expect(found === file)
    }
    #expect(cache.count < 1_000 + 1_100)
    // Of the others the latest are there.
    let (latest, earliest) = (cache[9_999], cache[1])
    #expect(latest != nil)
    #expect(earliest == nil)
  }

  @Test func aFileThatIsWantedNowAndThenIsNotForgotten() {
    var cache = MappedFileCache<Int>()
    cache.insert(MappedFile(path: [], inode: 1, device: .none, contents: .unopened), for: -1)
    for number in 0..<10_000 {
      cache.insert(MappedFile(path: [], inode: 1, device: .none, contents: .unopened), for: number)
      guard number % 100 == 0 else { continue }
      let wanted = cache[-1]
      #expect(wanted != nil)
    }
  }

  @Test func tooManyFilesInUseAreRefused() {
    var cache = MappedFileCache<Int>()
    let files = (0..<Limits.files + 10).map { _ in
      MappedFile(path: [], inode: 1, device: .none, contents: .unopened)
    }
    for (number, file) in files.enumerated() {
      let isKept = cache.insert(file, for: number)
      #expect(isKept == (number < Limits.files))
    }
    #expect(cache.count == Limits.files)
  }
}
