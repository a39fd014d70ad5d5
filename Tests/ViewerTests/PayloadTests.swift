import Foundation
import ProfileModel
import Testing

import ProfileFormats

@Suite struct PayloadTests {
  @Test func samplesKeepTheirStackRootFirstWithValueAndCount() throws {
    var maker = ProfileMaker(period: 10)
    maker.add(["main", "work", "leaf"], count: 3)
    maker.add(["main", "work"], incomplete: .badFrame, count: 1)
    let read = try PayloadReading(ViewerPayload(maker.profile))
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
    let read = try PayloadReading(ViewerPayload(maker.profile))
    #expect(read.samples.map(\.second) == [3])
  }

  @Test func whatHasNoFunctionIsUnknown() throws {
    var maker = ProfileMaker()
    maker.add(["main"], count: 1)
    maker.profile.locations.append(Location(mapping: nil, offset: 1))
    maker.profile.locations.append(Location(mapping: nil, offset: 2, function: 77))
    maker.add([2, 1, 0, UInt32.max], thread: 12, count: 1)
    let read = try PayloadReading(ViewerPayload(maker.profile))
    #expect(read.samples[1].stack == ["[unknown]", "main", "[unknown]", "[unknown]"])
  }

  @Test func aComparisonPutsBothValuesOfAStackIntoOneRow() throws {
    var before = ProfileMaker(period: 1)
    before.add(["main", "old@lib.so.1"], pid: 1, count: 5)
    before.add(["main", "same@lib.so.1"], pid: 1, count: 6)
    var after = ProfileMaker(period: 1)
    after.add(["main", "same@lib.so.2"], pid: 2, count: 7)
    after.add(["main", "new@lib.so.2"], pid: 2, count: 8)
    let read = try PayloadReading(ViewerPayload(before: before.profile, after: after.profile))
    #expect(read.samples.map { $0.stack.last ?? "" } == ["old", "same", "new"])
    #expect(read.samples.map(\.first) == [5, 6, 0])
    #expect(read.samples.map(\.second) == [0, 7, 8])
  }

  @Test func severalProfilesShareTheirTablesAndKeepTheirSamples() throws {
    var cpu = ProfileMaker(period: 10)
    cpu.add(["main", "work"], count: 3)
    var blocked = ProfileMaker(type: SampleType(name: "off-cpu", unit: "nanoseconds"), period: 1)
    blocked.add(["main", "work"], count: 2, value: 77)
    blocked.add(["main", "work", "w:[lock]"], count: 1, value: 5)
    var grown = ProfileMaker(type: SampleType(name: "faults", unit: "bytes"), period: 1)
    grown.add(["main"], count: 1, value: 4096)
    let read = try PayloadReading(
      ViewerPayload([cpu.profile, blocked.profile, grown.profile]))
    #expect(read.names == ["[unknown]", "main", "work", "[lock]"])
    let headers = try #require(read.header["profiles"] as? [[String: Any]])
    #expect(headers.map { $0["samples"] as? Int } == [1, 2, 1])
    #expect(headers.map { $0["type"] as? String } == ["cpu", "off-cpu", "faults"])
    #expect(headers.map { $0["unit"] as? String } == ["nanoseconds", "nanoseconds", "bytes"])
    #expect(
      read.samples.map(\.stack) == [
        ["main", "work"], ["main", "work"], ["main", "work", "[lock]"], ["main"],
      ])
    #expect(read.samples.map(\.first) == [30, 77, 5, 4096])
    #expect(read.samples.map(\.second) == [3, 2, 1, 1])
  }

  @Test func noProfilesAtAllAreAnEmptyPage() throws {
    let page = String(decoding: HTMLFlameGraph.encode([], gzip: Gzip.stored), as: UTF8.self)
    let data = try #require(page.components(separatedBy: "id=\"payload\">").last)
    #expect(data.hasPrefix("H4sI"))
  }

  @Test func hostileNamesComeThroughUnchanged() throws {
    let read = try PayloadReading(ViewerPayload(Fixtures.hostile()))
    for name in Fixtures.hostileNames { #expect(read.names.contains(name)) }
  }

  @Test func bytesThatAreNotUTF8AreRepaired() throws {
    var maker = ProfileMaker()
    maker.add(["main"], count: 1)
    let bytes: [UInt8] = [0x61, 0xFF, 0x62]
    maker.profile.functions[0].name = maker.profile.strings.intern(bytes.span)
    let read = try PayloadReading(ViewerPayload(maker.profile))
    #expect(read.names.contains("a\u{FFFD}b"))
  }

  @Test func theLargestValuesSurvive() throws {
    var maker = ProfileMaker(period: 1)
    maker.add(["main"], count: UInt64(Int64.max))
    let read = try PayloadReading(ViewerPayload(maker.profile))
    #expect(read.samples.first?.first == UInt64(Int64.max))
  }
}
