import ProfileModel
import Testing

@testable import PerfEvents

/// Records as perf_event_open(2) lays them out.
@Suite struct DecoderTests {
  /// A record of `type` with its size, and the time behind it.
  private static func record(_ type: UInt32, misc: UInt16 = 0, _ body: [UInt8], time: UInt64 = 42)
    -> [UInt8]
  {
    let size = UInt16(8 + body.count + 8)
    return bytes(type) + bytes(misc) + bytes(size) + body + bytes(time)
  }

  private static func bytes(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private static func words(_ values: UInt32...) -> [UInt8] { values.flatMap { bytes($0) } }

  private static func map(
    start: UInt64 = 0x1000, length: UInt64 = 0x2000, path: [UInt8] = Array("/usr/lib/a.so".utf8)
  ) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: 8 - path.count % 8)
    return record(
      10,
      words(7, 8) + bytes(start) + bytes(length) + bytes(UInt64(0x3000)) + words(8, 1)
        + bytes(UInt64(99)) + bytes(UInt64(5)) + words(5, 2) + path + padding)
  }

  private static func map(buildID: [UInt8], count: UInt8) -> [UInt8] {
    let padded = buildID + [UInt8](repeating: 0xee, count: 20 - buildID.count)
    return record(
      10, misc: 1 << 14,
      words(7, 8) + bytes(UInt64(0x1000)) + bytes(UInt64(0x2000)) + bytes(UInt64(0x3000))
        + [count, 0, 0, 0] + padded + words(5, 2) + Array("/a.so\0\0\0".utf8))
  }

  private static func decode(_ record: [UInt8], askedForBuildIDs: Bool = true) -> ProcessEvent? {
    unsafe ProcessEventDecoder.decode(record.span.bytes, askedForBuildIDs: askedForBuildIDs)
  }

  @Test func aMappingHasAllItsFields() throws {
    let event = try #require(Self.decode(Self.map()))
    #expect(event.time == 42)
    #expect(event.pid == 7)
    guard case .map(let memory) = event.kind else {
      Issue.record("not a mapping: \(event)")
      return
    }
    let expected = MappedMemory(
      start: 0x1000, end: 0x3000, fileOffset: 0x3000, device: DeviceNumber(major: 8, minor: 1),
      inode: 99, inodeGeneration: 5, path: Array("/usr/lib/a.so".utf8))
    #expect(memory == expected)
  }

  @Test func aBuildIDStandsInPlaceOfTheInode() throws {
    for count in [1, 8, 16, 20] {
      let buildID = (0..<count).map { UInt8($0 + 1) }
      let event = try #require(Self.decode(Self.map(buildID: buildID, count: UInt8(count))))
      guard case .map(let memory) = event.kind else {
        Issue.record("not a mapping: \(event)")
        return
      }
      let expected = MappedMemory(
        start: 0x1000, end: 0x3000, fileOffset: 0x3000, device: .none, inode: 0,
        inodeGeneration: 0, buildID: BuildID(bytes: buildID), path: Array("/a.so".utf8))
      #expect(memory == expected)
      #expect(memory.buildID != nil)
    }
  }

  /// The kernel sets the bit for us when another listener asked for build-ids.
  @Test func withoutHavingAskedTheInodeIsRead() throws {
    var record = Self.map()
    let plain = try #require(Self.decode(record, askedForBuildIDs: false))
    record[5] |= 1 << 6
    let marked = try #require(Self.decode(record, askedForBuildIDs: false))
    guard case .map(let expected) = plain.kind, case .map(let memory) = marked.kind else {
      Issue.record("not a mapping: \(marked)")
      return
    }
    #expect(memory == expected)
    #expect(memory.inode == 99)
  }

  @Test func aBuildIDOfAnImpossibleSizeIsRefused() {
    for count in [0, 21, 255] as [UInt8] {
      #expect(Self.decode(Self.map(buildID: [1], count: count)) == nil)
    }
  }

  @Test func pathsOfEveryLengthAndByteAreKept() throws {
    for count in [0, 1, 7, 8, 9, 4_095] {
      let path = (0..<count).map { UInt8($0 % 255 + 1) }
      let event = try #require(Self.decode(Self.map(path: path)))
      guard case .map(let memory) = event.kind else { continue }
      #expect(memory.path == path)
    }
  }

  @Test func aMappingBeyondTheLastAddressIsRefused() {
    #expect(Self.decode(Self.map(start: UInt64.max, length: 2)) == nil)
    #expect(Self.decode(Self.map(start: UInt64.max - 1, length: 1)) != nil)
  }

  @Test func onlyACommRecordOfAnExecIsOne() throws {
    let body = Self.words(7, 7) + Array("name\0\0\0\0".utf8)
    let exec = try #require(Self.decode(Self.record(3, misc: 1 << 13, body)))
    guard case .exec = exec.kind else {
      Issue.record("not an exec")
      return
    }
    #expect(exec.pid == 7)
    #expect(Self.decode(Self.record(3, body)) == nil)
  }

  @Test func aForkIsANewProcessButNotANewThread() throws {
    let time = Self.bytes(UInt64(41))
    let event = try #require(Self.decode(Self.record(7, Self.words(9, 7, 9, 8) + time)))
    guard case .fork(parent: 7) = event.kind else {
      Issue.record("not a fork of 7: \(event)")
      return
    }
    #expect(event.pid == 9)
    #expect(Self.decode(Self.record(7, Self.words(7, 7, 10, 7) + time)) == nil)
  }

  @Test func anExitNamesItsThread() throws {
    let body = Self.words(9, 1, 11, 1) + Self.bytes(UInt64(41))
    let event = try #require(Self.decode(Self.record(4, body)))
    guard case .exit(tid: 11) = event.kind else {
      Issue.record("not the exit of 11: \(event)")
      return
    }
    #expect(event.pid == 9)
  }

  @Test func lossIsCounted() throws {
    let body = Self.bytes(UInt64(3)) + Self.bytes(UInt64(1_000))
    let event = try #require(Self.decode(Self.record(2, body)))
    guard case .lost(count: 1_000) = event.kind else {
      Issue.record("not a loss of 1000: \(event)")
      return
    }
  }

  @Test func everyTruncationIsSurvived() {
    let time = Self.bytes(UInt64(41))
    let records = [
      Self.map(), Self.record(3, misc: 1 << 13, Self.words(7, 7) + Array("name\0\0\0\0".utf8)),
      Self.record(7, Self.words(9, 7, 9, 8) + time), Self.record(4, Self.words(9, 1, 9, 1) + time),
      Self.record(2, Self.bytes(UInt64(3)) + Self.bytes(UInt64(4))),
      Self.map(buildID: [1, 2, 3], count: 3),
    ]
    for record in records {
      #expect(Self.decode(record) != nil)
      for count in 0..<24 { #expect(Self.decode(Array(record.prefix(count))) == nil) }
      for count in 24..<record.count { _ = Self.decode(Array(record.prefix(count))) }
    }
    // A short loss would take its time for the count.
    #expect(Self.decode(Array(records[4].prefix(24))) == nil)
  }

  @Test func otherKindsSayNothing() {
    for type in (0...40 as ClosedRange<UInt32>) where ![2, 3, 4, 7, 10].contains(type) {
      #expect(Self.decode(Self.record(type, [UInt8](repeating: 1, count: 80))) == nil)
    }
  }
}
