import Foundation
import LinuxHost
import Symbolization
import Testing

@Suite struct PerfMapTests {
  private func map(_ text: String, limits: PerfMap.Limits = PerfMap.Limits()) throws -> PerfMap {
    PerfMap(try #require(try temporaryFile(Array(text.utf8))), limits: limits)
  }

  @Test func codeIsNamedFromItsFirstToItsLastByte() throws {
    let map = try map("1000 10 first one\n0x2000 0x8 second\n")
    #expect(map.function(at: 0xfff) == nil)
    #expect(map.function(at: 0x1000)?.name == "first one")
    #expect(map.function(at: 0x100f)?.name == "first one")
    #expect(map.function(at: 0x1010) == nil)
    #expect(map.function(at: 0x2007)?.name == "second")
    #expect(map.function(at: .max) == nil)
  }

  @Test func aLaterLineReplacesWhatItOverlaps() throws {
    let map = try map("1000 100 old\n1020 10 new\n1080 100 newer\n1090 8 newest\n")
    let names = [0x1000, 0x1020, 0x102f, 0x1030, 0x107f, 0x1080, 0x1090, 0x1098, 0x117f, 0x1180]
      .map { map.function(at: UInt64($0))?.name }
    #expect(
      names == [
        "old", "new", "new", "old", "old", "newer", "newest", "newer", "newer", nil,
      ])
  }

  @Test func overlappingLinesAgreeWithTheObviousWay() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      var text = ""
      var truth = [String?](repeating: nil, count: 300)
      for line in 0..<40 {
        let start = Int.random(in: 0..<200, using: &generator)
        let size = Int.random(in: 1..<100, using: &generator)
        text += "\(String(start, radix: 16)) \(String(size, radix: 16)) f\(line)\n"
        for address in start..<start + size { truth[address] = "f\(line)" }
      }
      let map = try map(text)
      #expect(truth.indices.map { map.function(at: UInt64($0))?.name } == truth)
    }
  }

  @Test func theTiersOfAFunctionShareItsName() throws {
    let map = try map(
      """
      1000 10 JS:*fib /srv/app.js:3:13
      2000 10 JS:~fib /srv/app.js:3:13
      3000 10 JS:~ /srv/app.js:1:1
      4000 10 Builtin:ArrayMap
      5000 10 LazyCompile:^go /a.js:1:1
      6000 10 Interpreted
      """)
    #expect(map.function(at: 0x1000)?.name == "fib /srv/app.js:3:13")
    #expect(map.function(at: 0x1000)?.isInterpreted == false)
    #expect(map.function(at: 0x1000)?.systemName == "JS:*fib /srv/app.js:3:13")
    #expect(map.function(at: 0x2000)?.name == "fib /srv/app.js:3:13")
    #expect(map.function(at: 0x2000)?.isInterpreted == true)
    #expect(map.function(at: 0x3000)?.name == "(anonymous) /srv/app.js:1:1")
    #expect(map.function(at: 0x4000)?.name == "Builtin:ArrayMap")
    #expect(map.function(at: 0x5000)?.name == "go /a.js:1:1")
    #expect(map.function(at: 0x6000)?.isInterpreted == true)
  }

  @Test func garbageIsSkippedAndCounted() throws {
    let lines = [
      "", "hello", "1000", "1000 ", "1000 10", "1000 10 ", "zz 10 x", "1000 0 empty",
      "ffffffffffffffff 2 wraps", "11111111111111111 1 long", "2000 10 good",
    ]
    let map = try map(lines.joined(separator: "\n"))
    #expect(map.count == 1)
    #expect(map.function(at: 0x2000)?.name == "good")
    #expect(map.malformedCount == 9)
  }

  @Test func namesMayBeAnyBytesAndAreCutAtTheLimit() throws {
    var bytes = Array("1000 10 ".utf8) + [0xff, 0xfe, 0x41, 0x0a] + Array("2000 10 ".utf8)
    bytes += [UInt8](repeating: 0x78, count: 3_000_000) + Array("\n3000 10 last\n".utf8)
    let map = PerfMap(try #require(try temporaryFile(bytes)))
    #expect(map.function(at: 0x1000)?.name.hasSuffix("A") == true)
    #expect(map.function(at: 0x2000)?.name.utf8.count == 1024)
    #expect(map.function(at: 0x3000)?.name == "last")
  }

  @Test func ofATooLongMapTheEndIsUsed() throws {
    var limits = PerfMap.Limits()
    limits.entries = 10
    let text = (0..<100).map { "\(String(0x1000 + $0 * 16, radix: 16)) 10 f\($0)\n" }.joined()
    let few = try map(text, limits: limits)
    #expect(few.isTruncated && few.count == 10)
    #expect(few.function(at: 0x1000 + 99 * 16)?.name == "f99")
    #expect(few.function(at: 0x1000 + 89 * 16) == nil)

    limits = PerfMap.Limits()
    limits.bytes = 100
    let tail = try map(text, limits: limits)
    #expect(tail.isTruncated)
    #expect(tail.function(at: 0x1000 + 99 * 16)?.name == "f99")
    #expect(tail.malformedCount == 0)
    #expect(try !map(text).isTruncated)
  }

  @Test func everyTruncationIsRead() throws {
    let bytes = Array("1000 10 JS:*a\n1008 10 b\nffff x\n".utf8)
    for count in 0...bytes.count {
      let map = PerfMap(try #require(try temporaryFile(Array(bytes.prefix(count)))))
      _ = map.function(at: 0x1008)
    }
  }

  @Test func aMapOfSomebodyElseIsNotTrusted() throws {
    let path = NSTemporaryDirectory() + "wick-map-" + UUID().uuidString
    try "1000 10 x\n".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try #require(OpenFile(trusted: path))
    #expect(PerfMap.isTrustworthy(file, processOwner: file.owner))
    try FileManager.default.linkItem(atPath: path, toPath: path + "-2")
    defer { try? FileManager.default.removeItem(atPath: path + "-2") }
    let linked = try #require(OpenFile(trusted: path))
    #expect(!PerfMap.isTrustworthy(linked, processOwner: linked.owner))
    _ = try output(of: "chown", ["65534", path])
    try FileManager.default.removeItem(atPath: path + "-2")
    let foreign = try #require(OpenFile(trusted: path))
    #expect(foreign.owner == 65534 && !PerfMap.isTrustworthy(foreign, processOwner: 1000))
  }
}
