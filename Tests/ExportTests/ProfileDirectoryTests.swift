import Foundation
import LinuxHost
import Testing

@testable import Export

@Suite struct ProfileDirectoryTests {
  /// A folder that goes away with the test.
  private final class Folder {
    let path = NSTemporaryDirectory() + "wick-profiles-\(UUID().uuidString)"
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var names: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
  }

  private static let second: UInt64 = 1_000_000_000
  private static let noon: UInt64 = 1_795_262_400 * second

  @Test func aFileIsNamedAfterTimeEventAndService() throws {
    let folder = Folder()
    let profiles = try ProfileDirectory(folder.path)
    let name = try profiles.write([1, 2], service: "shop", event: "cpu", time: Self.noon)
    #expect(name == "20261121T120000Z-cpu-shop.pb.gz")
    #expect(folder.names == [name])
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name)) == Data([1, 2]))
  }

  @Test func aServiceCannotLeaveTheDirectory() throws {
    let folder = Folder()
    let profiles = try ProfileDirectory(folder.path)
    for service in [
      "../../etc/passwd", "a/b", "", "\u{0}\n", "日本", String(repeating: "x", count: 999),
    ] {
      try profiles.write([1], service: service, event: "cpu", time: Self.noon)
    }
    #expect(folder.names.count == 6)
    #expect(folder.names.allSatisfy { $0.hasPrefix("20261121T120000Z-cpu-") && $0.count < 128 })
    // Two names that become the same are two files all the same.
    try profiles.write([1], service: "a/b", event: "cpu", time: Self.noon)
    try profiles.write([2], service: "a:b", event: "cpu", time: Self.noon)
    #expect(folder.names.count == 8)
  }

  @Test func theOldestMakeRoom() throws {
    let folder = Folder()
    var limits = ProfileDirectory.Limits()
    limits.files = 3
    limits.bytes = 25
    let profiles = try ProfileDirectory(folder.path, limits: limits)
    for index in 0..<6 {
      let time = Self.noon + UInt64(index) * Self.second
      try profiles.write([UInt8](repeating: 0, count: 5), service: "s", event: "cpu", time: time)
    }
    #expect(
      folder.names.map { $0.prefix(16) } == [
        "20261121T120003Z", "20261121T120004Z", "20261121T120005Z",
      ])
    try profiles.write(
      [UInt8](repeating: 0, count: 21), service: "s", event: "cpu",
      time: Self.noon + 9 * Self.second)
    #expect(folder.names.count == 1)
    #expect(profiles.removed == 6)
  }

  @Test func limitsHoldAfterEachOfManyFilesAndRoomIsMadeForSomeAtOnce() throws {
    let folder = Folder()
    var limits = ProfileDirectory.Limits()
    limits.files = 160
    let profiles = try ProfileDirectory(folder.path, limits: limits)
    var made: Set<Int> = []
    for index in 0..<500 {
      let time = Self.noon + UInt64(index) * Self.second / 4
      try profiles.write([1], service: "s\(index % 4)", event: "cpu", time: time)
      #expect(folder.names.count <= 160)
      made.insert(profiles.removed)
    }
    #expect(folder.names.count > 145)
    #expect(profiles.removed == 500 - folder.names.count)
    // By tenths of hundreds, not one for each file.
    #expect(made.count < 50)
    #expect(folder.names.last?.contains("-cpu-s3.") == true)
  }

  @Test func aClockThatIsSetBackDoesNotKeepNewProfilesOut() throws {
    let folder = Folder()
    var limits = ProfileDirectory.Limits()
    limits.files = 10
    let profiles = try ProfileDirectory(folder.path, limits: limits)
    let day = 86_400 * Self.second
    for index in 0..<20 {
      let time = Self.noon + day + UInt64(index) * Self.second
      try profiles.write([1], service: "s", event: "cpu", time: time)
    }
    for index in 0..<5 {
      try profiles.write(
        [1], service: "s", event: "cpu", time: Self.noon + UInt64(index) * Self.second)
    }
    #expect(folder.names.count == 10)
    #expect(folder.names.filter { $0.hasPrefix("20261121") }.count == 5)
    // Set back by little: what is new stays all the same.
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon - 60 * Self.second)
    #expect(folder.names.contains { $0.hasPrefix("20261121T115900Z") })
  }

  @Test func whatOthersPutThereIsFoundAfterAMinute() throws {
    let folder = Folder()
    var limits = ProfileDirectory.Limits()
    limits.bytes = 1_000
    let profiles = try ProfileDirectory(folder.path, limits: limits)
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon)
    let foreign = folder.path + "/20261121T000000Z-cpu-other.pb.gz"
    try Data(repeating: 0, count: 2_000).write(to: URL(fileURLWithPath: foreign))
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon + 10 * Self.second)
    #expect(folder.names.count == 3)
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon + 61 * Self.second)
    #expect(folder.names.count == 3)
    #expect(!folder.names.contains("20261121T000000Z-cpu-other.pb.gz"))
  }

  @Test func whatIsTooOldGoesAndForeignFilesStay() throws {
    let folder = Folder()
    let profiles = try ProfileDirectory(folder.path)
    try Data([1]).write(to: URL(fileURLWithPath: folder.path + "/notes.txt"))
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon)
    try profiles.write([1], service: "s", event: "cpu", time: Self.noon + 90_000 * Self.second)
    #expect(folder.names == ["20261122T130000Z-cpu-s.pb.gz", "notes.txt"])
  }

  @Test func aDirectoryThatOthersMayUseIsRefused() throws {
    let folder = Folder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    #expect(throws: ProfileDirectory.Failure.self) { try ProfileDirectory(folder.path) }
  }
}
