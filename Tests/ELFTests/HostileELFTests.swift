import ELF
import Foundation
import LinuxHost
import ProfileModel
import Testing

/// Files that lie: none may trap, hang, or take memory that the file does not have.
@Suite struct HostileELFTests {
  /// Uses everything that an image offers.
  private static func exercise(_ bytes: [UInt8]) {
    guard let image = try? ELFImage(bytes: bytes) else { return }
    for segment in image.segments {
      _ = image.read(address: segment.address, count: 64)
      _ = image.address(ofFileOffset: segment.fileOffset)
    }
    _ = image.unwindFrames.map { image.read(address: $0.lowerBound, count: 4096) }
    let table = image.symbols()
    for segment in image.segments {
      for step in 0..<16 {
        _ = table.symbol(at: segment.address &+ UInt64(step) &* 97)
      }
    }
  }

  private static func reason(_ bytes: [UInt8]) -> ELFError.Reason? {
    do {
      _ = try ELFImage(bytes: bytes)
      return nil
    } catch { return error.reason }
  }

  @Test func everyTruncationIsRefusedAndExplained() throws {
    let whole = try BuiltProgram().bytes
    for count in 0..<min(4096, whole.count) {
      let bytes = Array(whole.prefix(count))
      #expect(Self.reason(bytes) != nil)
    }
    var generator = SeededGenerator(state: 1)
    let libc = try bytes(of: Samples.libc)
    for _ in 0..<1000 {
      Self.exercise(Array(libc.prefix(Int.random(in: 0..<libc.count, using: &generator))))
    }
  }

  @Test func truncatedFilesOnDiskAreRefusedToo() throws {
    let directory = try TemporaryDirectory()
    let whole = try BuiltProgram().bytes
    for count in [0, 1, 4, 63, 64, 65, 500, whole.count / 2, whole.count - 1] {
      let path = try directory.write(Array(whole.prefix(count)), to: "cut")
      let file = try #require(OpenFile(trusted: path))
      #expect(throws: ELFError.self) { try ELFImage(file) }
    }
    #expect(Self.reason([]) == .notELF)
    #expect(Self.reason(Array("#!/bin/sh\n".utf8)) == .notELF)
    let message = #expect(throws: ELFError.self) { try ELFImage(bytes: Array(whole.prefix(60))) }
    #expect(
      message?.description == "truncated: its header should reach byte 64, but the file has 60")
  }

  @Test func flippedBitsNeverTrap() throws {
    let whole = try BuiltProgram().bytes
    let sections = Int(whole.integer(UInt64.self, at: 40))
    var generator = SeededGenerator(state: 20_261_120)
    for round in 0..<6000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        // Mostly in the tables: flips in code change nothing.
        let range =
          round % 3 == 0 ? 0..<whole.count : round % 3 == 1 ? 0..<900 : sections..<whole.count
        bytes[Int.random(in: range, using: &generator)] ^=
          1
          << UInt8.random(
            in: 0..<8, using: &generator)
      }
      Self.exercise(bytes)
    }
  }

  @Test func otherKindsOfFileAreRefusedByName() throws {
    let whole = try BuiltProgram().bytes
    var bytes = whole
    bytes[4] = 1
    #expect(Self.reason(bytes) == .thirtyTwoBit)
    bytes = whole
    bytes[5] = 2
    #expect(Self.reason(bytes) == .bigEndian)
    bytes = whole
    bytes.patch(UInt16(243), at: 18)
    #expect(Self.reason(bytes) == .unknownMachine(243))
    bytes = whole
    bytes.patch(UInt16(1), at: 16)
    #expect(Self.reason(bytes) == .notExecutable(type: 1))
  }

  @Test func tablesThatLieAboutTheirSizeAreRefused() throws {
    let whole = try BuiltProgram().bytes
    let lies: [(Int, UInt64, Int)] = [
      (32, UInt64.max, 8), (32, UInt64(whole.count) - 8, 8), (40, UInt64.max - 63, 8),
      (40, UInt64(whole.count) - 64, 8), (54, 1, 2), (56, 0xFFFF, 2), (56, 0, 2), (56, 60_000, 2),
      (58, 63, 2), (60, 60_000, 2),
    ]
    for (offset, value, size) in lies {
      var bytes = whole
      for index in 0..<size {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
      #expect(Self.reason(bytes) != nil)
    }
    // Zero sections in the header, a billion in section 0.
    var bytes = whole
    let sections = Int(whole.integer(UInt64.self, at: 40))
    bytes.patch(UInt16(0), at: 60)
    bytes.patch(UInt64(1_000_000_000), at: sections + 32)
    #expect(Self.reason(bytes) == .malformed("1000000000 sections"))
  }

  @Test func sectionsThatLieAboutTheirSizeCostOnlyThemselves() throws {
    let whole = try BuiltProgram().bytes
    let sections = Int(whole.integer(UInt64.self, at: 40))
    let count = Int(whole.integer(UInt16.self, at: 60))
    for index in 0..<count {
      for value in [UInt64.max, UInt64(whole.count), 1 << 40, 1] {
        for field in [24, 32] {
          var bytes = whole
          bytes.patch(value, at: sections + index * 64 + field)
          let image = try ELFImage(bytes: bytes)
          #expect(image.segments.count > 2)
          Self.exercise(bytes)
        }
      }
      var bytes = whole
      bytes.patch(UInt32.max, at: sections + index * 64 + 40)
      Self.exercise(bytes)
    }
  }

  @Test func aHugeSparseFileTakesNoMemory() throws {
    let directory = try TemporaryDirectory()
    let whole = try BuiltProgram().bytes
    let sections = Int(whole.integer(UInt64.self, at: 40))
    var bytes = whole
    // Every section claims 64 GiB, which the sparse file does have.
    for index in 0..<Int(whole.integer(UInt16.self, at: 60)) {
      bytes.patch(UInt64(64) << 30, at: sections + index * 64 + 32)
      bytes.patch(UInt64(0), at: sections + index * 64 + 24)
    }
    let path = try directory.write(bytes, to: "sparse")
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 65 << 30)
    try handle.close()
    // What other tests take meanwhile is not in all of them.
    let growths = try (0..<5).map { _ in
      let before = try residentKilobytes()
      let image = try ELFImage(#require(OpenFile(trusted: path)))
      var limits = SymbolLimits()
      limits.entriesRead = 1_000_000
      let table = image.symbols(limits: limits)
      #expect(table.isTruncated)
      return try residentKilobytes() - before
    }
    #expect(growths.contains { $0 < 100_000 }, "\(growths)")
  }

  @Test func aFileThatShrinksWhileItIsReadGivesLessAndNoTrap() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(bytes(of: Samples.libc), to: "shrinking")
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let table = image.symbols()
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 4096)
    #expect(image.symbols().count == 0)
    let frames = try #require(image.unwindFrames)
    #expect(image.read(address: frames.lowerBound, count: 64).isEmpty)
    for segment in image.segments { _ = table.symbol(at: segment.address &+ 100_000) }
  }

  private func residentKilobytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
  }
}

/// A repeatable sequence, so that a failure can be found again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
