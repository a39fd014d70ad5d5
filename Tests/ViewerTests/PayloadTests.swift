import Foundation
import ProfileModel
import Testing

import ProfileFormats

/// Reads back what `ViewerPayload` writes, as far as the tests look at it.
private struct Reading {
  let header: [String: Any]
  let names: [String]
  /// Stacks, root first, with the two values of their samples.
  let samples: [(stack: [String], thread: UInt64, reason: UInt64, first: UInt64, second: UInt64)]

  init(_ payload: ViewerPayload) throws {
    let bytes = payload.encoded()
    let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let json = try JSONSerialization.jsonObject(with: Data(bytes[4..<4 + length]))
    let header = try #require(json as? [String: Any])
    let strings = try #require(header["strings"] as? [String])
    var rest = bytes[(4 + length)...]
    func number() -> UInt64 {
      var (value, shift): (UInt64, UInt64) = (0, 0)
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 127) << shift
        shift += 7
        if byte < 128 { break }
      }
      return value
    }
    func column(_ key: String) -> [UInt64] {
      (0..<(header[key] as? Int ?? 0)).map { _ in number() }
    }
    let names = column("functions").map { strings[Int($0)] }
    _ = [column("functions"), column("functions"), column("functions")]
    let nodes = header["nodes"] as? Int ?? 0
    let parents = [0] + (1..<nodes).map { $0 - Int(number()) }
    let functions = [0] + (1..<nodes).map { _ in Int(number()) }
    for _ in 0..<4 { _ = column("threads") }
    let columns = (0..<5).map { _ in column("samples") }
    samples = columns[0].indices.map { row in
      var stack: [String] = []
      var node = Int(columns[0][row])
      while node != 0 {
        stack.append(names[functions[node]])
        node = parents[node]
      }
      return (
        stack.reversed(), columns[1][row], columns[2][row], columns[3][row], columns[4][row]
      )
    }
    self.header = header
    self.names = names
    #expect(rest.isEmpty)
  }
}

@Suite struct PayloadTests {
  @Test func samplesKeepTheirStackRootFirstWithValueAndCount() throws {
    var maker = ProfileMaker(period: 10)
    maker.add(["main", "work", "leaf"], count: 3)
    maker.add(["main", "work"], incomplete: .badFrame, count: 1)
    let read = try Reading(ViewerPayload(maker.profile))
    #expect(read.samples.map(\.stack) == [["main", "work", "leaf"], ["main", "work"]])
    #expect(read.samples.map(\.first) == [30, 10])
    #expect(read.samples.map(\.second) == [3, 1])
    let reasons = try #require(read.header["reasons"] as? [String])
    #expect(read.samples[0].reason == 0)
    #expect(reasons[Int(read.samples[1].reason) - 1] == "bad-frame")
  }

  @Test func stacksThatDifferOnlyInAddressesAreOne() throws {
    var maker = ProfileMaker()
    maker.add(["main"], count: 1)
    maker.profile.locations.append(Location(mapping: nil, offset: 99, function: 0))
    maker.add([UInt32(maker.profile.locations.count - 1)], thread: 0, count: 2)
    let read = try Reading(ViewerPayload(maker.profile))
    #expect(read.samples.map(\.second) == [3])
  }

  @Test func whatHasNoFunctionIsUnknown() throws {
    var maker = ProfileMaker()
    maker.add(["main"], count: 1)
    maker.profile.locations.append(Location(mapping: nil, offset: 1))
    maker.profile.locations.append(Location(mapping: nil, offset: 2, function: 77))
    maker.add([2, 1, 0, UInt32.max], thread: 12, count: 1)
    let read = try Reading(ViewerPayload(maker.profile))
    #expect(read.samples[1].stack == ["[unknown]", "main", "[unknown]", "[unknown]"])
  }

  @Test func aComparisonPutsBothValuesOfAStackIntoOneRow() throws {
    var before = ProfileMaker(period: 1)
    before.add(["main", "old@lib.so.1"], pid: 1, count: 5)
    before.add(["main", "same@lib.so.1"], pid: 1, count: 6)
    var after = ProfileMaker(period: 1)
    after.add(["main", "same@lib.so.2"], pid: 2, count: 7)
    after.add(["main", "new@lib.so.2"], pid: 2, count: 8)
    let read = try Reading(ViewerPayload(before: before.profile, after: after.profile))
    #expect(read.samples.map { $0.stack.last ?? "" } == ["old", "same", "new"])
    #expect(read.samples.map(\.first) == [5, 6, 0])
    #expect(read.samples.map(\.second) == [0, 7, 8])
  }

  @Test func hostileNamesComeThroughUnchanged() throws {
    let read = try Reading(ViewerPayload(Fixtures.hostile()))
    for name in Fixtures.hostileNames { #expect(read.names.contains(name)) }
  }

  @Test func bytesThatAreNotUTF8AreRepaired() throws {
    var maker = ProfileMaker()
    maker.add(["main"], count: 1)
    let bytes: [UInt8] = [0x61, 0xFF, 0x62]
    maker.profile.functions[0].name = maker.profile.strings.intern(bytes.span)
    let read = try Reading(ViewerPayload(maker.profile))
    #expect(read.names.contains("a\u{FFFD}b"))
  }

  @Test func theLargestValuesSurvive() throws {
    var maker = ProfileMaker(period: 1)
    maker.add(["main"], count: UInt64(Int64.max))
    let read = try Reading(ViewerPayload(maker.profile))
    #expect(read.samples.first?.first == UInt64(Int64.max))
  }
}
