import ELF
import Foundation
import LinuxHost
import Testing
import UnwindTables
import Unwinding

@Suite struct TableCacheTests {
  private static let identity = TableFile.Identity(low: 1, high: 2)

  /// A table that is large enough to be kept.
  private static func table(pages: Int = 32, offset: Int32 = 8) -> UnwindTable {
    let rowsPerPage = 4_096
    let rows = (0..<pages).flatMap { _ in (0..<UInt32(rowsPerPage)).map { $0 * 16 } }
    return UnwindTable(
      firstPage: 16, pageStarts: (0...pages).map { UInt32($0 * rowsPerPage) }, rows: rows,
      rules: [UnwindRule(.stackPointer, cfaOffset: offset)])
  }

  private static func files(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test func aTableIsKeptForOtherRuns() throws {
    let directory = try TableDirectory()
    let path = directory.path + "/cache/tables"
    let cache = try #require(TableCache(path: path))
    #expect(cache.table(Self.identity) == nil)
    cache.store(Self.table(), Self.identity)
    #expect(cache.table(Self.identity) == Self.table())
    let other = try #require(TableCache(path: path))
    #expect(other.table(Self.identity) == Self.table())
    #expect(other.table(TableFile.Identity(low: 2, high: 1)) == nil)
    let attributes = try FileManager.default.attributesOfItem(
      atPath: path + "/" + (try #require(try Self.files(in: path).first)))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func smallTablesAreNotKept() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path))
    cache.store(Self.table(pages: 2), Self.identity)
    #expect(try Self.files(in: directory.path) == ["key"])
  }

  @Test func aFileThatWasChangedIsRemoved() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path))
    cache.store(Self.table(), Self.identity)
    let file = directory.path + "/" + (try #require(try Self.files(in: directory.path).first))
    var bytes = try TableFiles.bytes(of: file)
    bytes[1_000] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    #expect(cache.table(Self.identity) == nil)
    #expect(try Self.files(in: directory.path) == ["key"])
  }

  @Test func aFileUnderAnotherNameIsNotBelieved() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path))
    cache.store(Self.table(), Self.identity)
    let name = try #require(try Self.files(in: directory.path).first)
    let other = String(repeating: "0", count: 15) + "4" + String(repeating: "0", count: 15) + "3"
    try FileManager.default.moveItem(
      atPath: directory.path + "/" + name, toPath: directory.path + "/" + other)
    #expect(cache.table(TableFile.Identity(low: 3, high: 4)) == nil)
  }

  @Test func linksAreNotFollowed() throws {
    let directory = try TableDirectory()
    let target = directory.path + "/target"
    try FileManager.default.createDirectory(
      atPath: target, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try FileManager.default.createSymbolicLink(
      atPath: directory.path + "/link", withDestinationPath: target)
    #expect(TableCache(path: directory.path + "/link") == nil)
    let cache = try #require(TableCache(path: target))
    cache.store(Self.table(), Self.identity)
    let name = try #require(try Self.files(in: target).first)
    try FileManager.default.moveItem(
      atPath: target + "/" + name, toPath: directory.path + "/moved")
    try FileManager.default.createSymbolicLink(
      atPath: target + "/" + name, withDestinationPath: directory.path + "/moved")
    #expect(cache.table(Self.identity) == nil)
  }

  @Test(arguments: [0o755, 0o770, 0o701]) func aDirectoryThatOthersCanUseIsNone(_ mode: Int) throws
  {
    let directory = try TableDirectory()
    try FileManager.default.setAttributes(
      [.posixPermissions: mode], ofItemAtPath: directory.path)
    #expect(TableCache(path: directory.path) == nil)
    #expect(TableCache(path: "/proc/nothing/here") == nil)
  }

  @Test func whatWasNotUsedForLongestIsRemovedFirst() throws {
    let directory = try TableDirectory()
    let size: UInt64 = 32 * 4_096 * 4
    let cache = try #require(TableCache(path: directory.path, limitBytes: size * 6))
    for number in 0..<12 as Range<UInt64> {
      cache.store(Self.table(), TableFile.Identity(low: number, high: 0))
      _ = cache.table(TableFile.Identity(low: 0, high: 0))
      usleep(15_000)
    }
    let names = try Self.files(in: directory.path)
    #expect(names.count - 1 <= 6)
    #expect(cache.table(TableFile.Identity(low: 0, high: 0)) != nil)
    #expect(cache.table(TableFile.Identity(low: 11, high: 0)) != nil)
    #expect(cache.table(TableFile.Identity(low: 1, high: 0)) == nil)
  }

  @Test func whatATableIsMadeOfNamesIt() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path))
    let frames = [UInt8](repeating: 1, count: 100)
    let builder = UnwindTableBuilder(address: 16, text: [0..<4_096])
    var others = [builder, builder, builder, builder]
    others[0].address = 17
    others[1].text = [0..<4_097]
    others[2].kind = .debugFrame
    others[3].stopsAtTerminator = true
    let identity = cache.identity(builder, frames)
    #expect(cache.identity(builder, frames) == identity)
    #expect(cache.identity(builder, frames + [1]) != identity)
    for other in others { #expect(cache.identity(other, frames) != identity) }
    let elsewhere = try TableDirectory()
    let stranger = try #require(TableCache(path: elsewhere.path))
    #expect(stranger.identity(builder, frames) != identity)
  }

  @Test func theTableOfALargeFileComesFromTheCache() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path))
    let path = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let built = TableSource().table(of: image, cache: cache)
    #expect(built.statistics.functionCount > 1_000)
    #expect(try Self.files(in: directory.path).count == 2)
    let read = TableSource().table(of: image, cache: cache)
    #expect(read.table == built.table)
    #expect(read.statistics.functionCount == 0)
    #expect(read.statistics.rowCount == built.statistics.rowCount)
  }

  /// A section of several pieces, of which the last ends where there are no more addresses.
  @Test func aSectionAtTheEndOfAllAddressesIsRead() throws {
    let directory = try TableDirectory()
    let cache = try #require(TableCache(path: directory.path + "/cache"))
    let path = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
    var bytes = try TableFiles.bytes(of: path)
    func word(_ place: Int, _ count: Int = 8) -> UInt64 {
      bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func put(_ value: UInt64, at place: Int) {
      for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    let frames = try #require(ELFImage(bytes: bytes).unwindFrames)
    #expect(frames.count > 1 << 18)
    // The segment with the section is moved up, and the section with it (ELF-64, p_vaddr, sh_addr).
    let segments = (0..<Int(word(56, 2))).map { Int(word(32)) + $0 * 56 }
    let segment = try #require(
      segments.first {
        word($0, 4) == 1
          && (word($0 + 16)..<word($0 + 16) + word($0 + 32)).contains(frames.lowerBound)
      })
    let distance = UInt64.max - word(segment + 16) - word(segment + 40)
    let sections = (0..<Int(word(60, 2))).map { Int(word(40)) + $0 * 64 }
    for section in sections where word(section + 16) >= word(segment + 16) {
      put(word(section + 16) &+ distance, at: section + 16)
    }
    put(word(segment + 16) + distance, at: segment + 16)
    let moved = try ELFImage(bytes: bytes)
    #expect(moved.unwindFrames?.lowerBound ?? 0 > UInt64.max - 1 << 24)
    _ = TableSource().table(of: moved, cache: cache)
  }
}
