import Foundation
@testable import LinuxHost
import Testing

@Suite struct OpenFileTests {
  @Test func aPipeIsRefusedWithoutWaiting() throws {
    let scratch = try Scratch()
    try shell("mkfifo \(scratch.path)/fifo")
    let took = ContinuousClock().measure {
      #expect(OpenFile(trusted: scratch.path + "/fifo") == nil)
      #expect(OpenFile(trusted: scratch.path) == nil)
      #expect(OpenFile(trusted: "/dev/zero") == nil)
    }
    #expect(took < .seconds(10))
  }

  @Test func aFileThatIsTruncatedWhileItIsReadGivesLess() throws {
    let scratch = try Scratch()
    let path = try scratch.write(String(repeating: "x", count: 100_000), to: "file")
    let file = try #require(OpenFile(trusted: path))
    #expect(file.size == 100_000)
    #expect(file.read(at: 99_990, count: 100).count == 10)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 5)
    #expect(file.read(at: 0, count: 100_000).count == 5)
    #expect(file.read(at: 50_000, count: 10).isEmpty)
  }

  @Test func offsetsAndCountsOutOfRangeGiveNothing() throws {
    let scratch = try Scratch()
    let file = try #require(OpenFile(trusted: try scratch.write("abc", to: "file")))
    for (offset, count) in [
      (0, 0), (0, -1), (3, 1), (UInt64.max, 1), (1 << 63, 8), (1 << 63 - 1, 8),
    ]
      as [(UInt64, Int)]
    {
      #expect(file.read(at: offset, count: count).isEmpty)
    }
  }

  @Test func theSystemFilesLimitHolds() throws {
    let scratch = try Scratch()
    let path = try scratch.write(String(repeating: "y", count: 200_000), to: "file")
    for limit in [0, 1, 65_535, 65_536, 65_537, 199_999, 200_000, 300_000] {
      #expect(SystemFile.read(path, limit: limit)?.count == min(limit, 200_000))
    }
    #expect(SystemFile.read("/nowhere") == nil)
    #expect(SystemFile.read("/dev/zero", limit: 1_000)?.count == 1_000)
  }

  @Test func aNumberIsAWholeFile() throws {
    let scratch = try Scratch()
    for (text, number) in [("17\n", 17), ("-1\n", -1), ("0", 0), ("x\n", nil), ("", nil)]
      as [(String, Int?)]
    {
      #expect(SystemFile.integer(try scratch.write(text, to: "number")) == number)
    }
  }
}
