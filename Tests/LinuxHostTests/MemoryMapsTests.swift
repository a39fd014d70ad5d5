import Foundation
import Testing

@testable import LinuxHost

@Suite struct MemoryMapsTests {
  private static let line = "7f00000000-7f00001000 r-xp 00002000 08:1f 1234567   /usr/lib/a b.so"

  private func parse(_ text: String) -> MemoryMapLine? { MemoryMaps.parse(Array(text.utf8)[...]) }

  @Test func aLineHasAllItsFields() throws {
    let line = try #require(parse(Self.line))
    #expect(line.start == 0x7f_0000_0000)
    #expect(line.end == 0x7f_0000_1000)
    #expect(line.isExecutable)
    #expect(line.fileOffset == 0x2000)
    #expect(line.deviceMajor == 8)
    #expect(line.deviceMinor == 0x1f)
    #expect(line.inode == 1_234_567)
    #expect(line.path.elementsEqual("/usr/lib/a b.so".utf8))
  }

  @Test(arguments: [
    ("1000-2000 r-xp 0 00:00 0", ""), ("1000-2000 r-xp 0 00:00 0 ", ""),
    ("1000-2000 r-xp 00000000 00:00 0          [vdso]", "[vdso]"),
    ("1000-2000 r-xp 0 08:01 9 /a\\012b (deleted)", "/a\\012b (deleted)"),
    ("ffffffffff600000-ffffffffff601000 --xp 0 00:00 0 [vsyscall]", "[vsyscall]"),
  ])
  func theRestOfTheLineIsThePath(_ text: String, _ path: String) throws {
    #expect(try #require(parse(text)).path.elementsEqual(path.utf8))
  }

  @Test(arguments: [
    "", " ", "-", "1000", "1000-", "1000-2000", "1000-2000 ", "1000-2000 r-x 0 0:0 0",
    "2000-1000 r-xp 0 0:0 0", "1000-1000 r-xp 0 0:0 0", "-2000 r-xp 0 0:0 0",
    "1000-2000 r-xp 0 0:0 x", "1000-2000 r-xp 0 0:0 18446744073709551616",
    "1000-2000 r-xp 0 0:0 -1", "10000000000000000-20000000000000000 r-xp 0 0:0 0",
    "1000-2000 r-xp g 0:0 0", "1000-2000 r-xp 0 00 0", "zz-2000 r-xp 0 0:0 0",
  ])
  func aLineThatIsNoneIsSkipped(_ text: String) {
    #expect(parse(text) == nil)
    #expect(MemoryMaps.executable(in: Array((text + "\n" + Self.line).utf8)).count == 1)
  }

  @Test func onlyExecutableLinesAreRead() {
    let text = "1000-2000 rw-p 0 0:0 0\n3000-4000 r-xp 0 0:0 0\n5000-6000 r--p 0 0:0 0 /x\n"
    #expect(MemoryMaps.executable(in: Array(text.utf8)).map(\.start) == [0x3000])
  }

  @Test func everyTruncationIsSurvived() throws {
    let text = Array("1000-2000 r-xp 0 08:01 77 /first\n\(Self.line)\n".utf8)
    for count in 0...text.count {
      let lines = MemoryMaps.executable(in: Array(text.prefix(count)))
      #expect(lines.count <= 2)
      if count >= 33 { #expect(lines.first?.inode == 77) }
    }
  }

  @Test func garbageIsSurvived() {
    var state: UInt64 = 9
    for _ in 0..<20_000 {
      let bytes = (0..<60).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1
        let alphabet = Array("0123456789abcdef-:rxp \n\u{0}".utf8) + [0xff]
        return alphabet[Int(state >> 33) % alphabet.count]
      }
      _ = MemoryMaps.executable(in: bytes)
    }
  }

  @Test func ourOwnMapsNameTheLibraryWeRun() throws {
    let lines = try #require(Processes(roots: HostRoots()).executableMappings(of: UInt32(getpid())))
    #expect(!lines.isEmpty)
    let text = try #require(SystemFile.read("/proc/self/maps", limit: Limits.mapsBytes))
    let own = MemoryMaps.executable(in: text)
    #expect(own.contains { String(decoding: $0.path, as: UTF8.self).hasSuffix("/libc.so.6") })
    #expect(own.map(\.start) == own.map(\.start).sorted())
    #expect(own.allSatisfy { $0.isExecutable })
  }
}
