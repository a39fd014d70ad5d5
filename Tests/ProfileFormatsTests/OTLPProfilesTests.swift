import OTLPMessages
import ProfileFormats
import ProfileModel
import ResourceModel
import SwiftProtobuf
import Testing

@Suite struct OTLPProfilesTests {
  private static let service = Resource([
    Attribute(key: "service.name", value: "shop"),
    Attribute(key: "process.pid", value: .integer(7)),
  ])

  private func encode(
    _ profiles: [Profile], limit: Int = OTLPProfiles.limit
  ) throws -> (requests: [OTLPExportProfilesServiceRequest], omitted: UInt64) {
    var random = SystemRandomNumberGenerator()
    let result = OTLPProfiles.encode(
      profiles.map { ($0, Self.service) }, version: "1.2.3", limit: limit, using: &random)
    for request in result.requests { #expect(request.bytes.count <= limit) }
    let requests = try result.requests.map {
      try OTLPExportProfilesServiceRequest(serializedBytes: $0.bytes)
    }
    return (requests, result.omitted.reduce(0, +))
  }

  @Test func theFirstEntryOfEachTableIsTheZeroValue() throws {
    let dictionary = try #require(try encode([sampleProfile()]).requests.first).dictionary
    #expect(dictionary.mappingTable.first == OTLPMapping())
    #expect(dictionary.locationTable.first == OTLPLocation())
    #expect(dictionary.functionTable.first == OTLPFunction())
    #expect(dictionary.linkTable == [OTLPLink()])
    #expect(dictionary.stringTable.first == "")
    #expect(dictionary.attributeTable.first == OTLPKeyValueAndUnit())
    #expect(dictionary.stackTable.first == OTLPStack())
  }

  @Test func noEntryOfATableIsThereTwice() throws {
    // The second profile shares everything with the first.
    let dictionary = try #require(try encode([sampleProfile(), sampleProfile()]).requests.first)
      .dictionary
    #expect(Set(dictionary.stringTable).count == dictionary.stringTable.count)
    #expect(Set(dictionary.locationTable).count == dictionary.locationTable.count)
    #expect(Set(dictionary.functionTable).count == dictionary.functionTable.count)
    #expect(Set(dictionary.mappingTable).count == dictionary.mappingTable.count)
    #expect(Set(dictionary.attributeTable).count == dictionary.attributeTable.count)
    #expect(Set(dictionary.stackTable).count == dictionary.stackTable.count)
    #expect(dictionary.mappingTable.count == 4)
  }

  @Test func aProfileSaysWhatItCountsAndWhoTookIt() throws {
    let request = try #require(try encode([sampleProfile()]).requests.first)
    let strings = request.dictionary.stringTable
    let group = try #require(request.resourceProfiles.first)
    #expect(group.resource.attributes.map(\.key) == ["process.pid", "service.name"])
    #expect(group.scopeProfiles.first?.scope.name == "wick")
    #expect(group.scopeProfiles.first?.scope.version == "1.2.3")
    let profile = try #require(group.scopeProfiles.first?.profiles.first)
    #expect(strings[Int(profile.sampleType.typeStrindex)] == "samples")
    #expect(strings[Int(profile.periodType.typeStrindex)] == "cpu")
    #expect(strings[Int(profile.periodType.unitStrindex)] == "nanoseconds")
    #expect(profile.period == 10_000_000)
    #expect(profile.timeUnixNano == 1_700_000_000_000_000_000)
    #expect(profile.durationNano == 10_000_000_000)
    #expect(profile.profileID.count == 16)
    #expect(profile.samples.map(\.values) == [[70], [20], [3], [6], [1]])
    let notes = profile.attributeIndices.map { attribute($0, request.dictionary) }
    #expect(notes.contains("wick.taken=102"))
    #expect(notes.contains("wick.dropped.ring-full=2"))
    #expect(!notes.contains { $0.contains("command") })
  }

  @Test func valuesThatAreNoMultiplesOfThePeriodStayExact() throws {
    var profile = sampleProfile()
    profile.samples[0].value += 1
    let request = try #require(try encode([profile]).requests.first)
    let message = try #require(request.resourceProfiles.first?.scopeProfiles.first?.profiles.first)
    #expect(request.dictionary.stringTable[Int(message.sampleType.typeStrindex)] == "cpu")
    #expect(message.samples.first?.values == [700_000_001])
  }

  @Test func aFrameHasItsAddressKindNameAndFile() throws {
    let request = try #require(try encode([sampleProfile()]).requests.first)
    let dictionary = request.dictionary
    let samples = request.resourceProfiles.flatMap(\.scopeProfiles).flatMap(\.profiles)
      .flatMap(\.samples)
    let stack = dictionary.stackTable[Int(samples[1].stackIndex)].locationIndices
    let frames = stack.map { describe(dictionary.locationTable[Int($0)], dictionary) }
    #expect(
      frames == [
        "do_syscall_64/do_syscall_64 @0xffffffff81000010 in [kernel] profile.frame.type=kernel",
        "ns::work/_ZN2ns4workEv @0x5500001200 in /usr/bin/prog profile.frame.type=native",
        "ns::work/_ZN2ns4workEv @0x5500001210 in /usr/bin/prog profile.frame.type=native",
        "main/main @0x5500001100 in /usr/bin/prog profile.frame.type=native",
      ])
    let program = try #require(
      dictionary.mappingTable.first {
        dictionary.stringTable[Int($0.filenameStrindex)] == "/usr/bin/prog"
      })
    #expect(
      program.attributeIndices.map { attribute($0, dictionary) }
        == ["process.executable.build_id.gnu=0123abcd"])
  }

  @Test func codeWithoutANameIsLeftToTheReceiver() throws {
    let request = try #require(try encode([sampleProfile()]).requests.first)
    let dictionary = request.dictionary
    let sample = request.resourceProfiles[0].scopeProfiles[0].profiles[0].samples[2]
    let stack = dictionary.stackTable[Int(sample.stackIndex)].locationIndices
    #expect(
      stack.map { describe(dictionary.locationTable[Int($0)], dictionary) } == [
        "@0x5500001f00 in /usr/bin/prog profile.frame.type=native",
        "[incomplete: no-unwind-info]/ @0x0 in ",
      ])
    #expect(
      sample.attributeIndices.map { attribute($0, dictionary) } == [
        "process.pid=10", "process.executable.name=prog", "thread.id=10", "thread.name=prog",
        "wick.stack.incomplete=no-unwind-info",
      ])
  }

  @Test func aProfileThatIsTooLargeIsDividedAndItsSumStays() throws {
    var profile = sampleProfile()
    profile.samples = []
    profile.threads = []
    for number in 0..<2_000 {
      let location = profile.location(
        0, 0x2000 + UInt64(number), "function_\(number)" + String(repeating: "x", count: 90))
      let thread = profile.thread(pid: 1, tid: UInt32(number), "p", "t")
      profile.add([location, 0], thread, UInt64(number + 1))
    }
    let (requests, omitted) = try encode([profile], limit: 64 << 10)
    let profiles = requests.flatMap(\.resourceProfiles).flatMap(\.scopeProfiles)
      .flatMap(\.profiles)
    #expect(requests.count > 5)
    #expect(omitted == 0)
    #expect(profiles.flatMap(\.samples).flatMap(\.values).reduce(0, +) == 2_001_000)
    #expect(Set(profiles.map(\.profileID)).count == profiles.count)
    // The ledger is that of the whole: it must not count several times.
    #expect(profiles.filter { !$0.attributeIndices.isEmpty }.count == 1)
    // No request is mostly empty for fear of its limit.
    let sizes = try requests.map { try $0.serializedBytes() as [UInt8] }.map(\.count)
    #expect(sizes.dropLast().allSatisfy { $0 > 32 << 10 })
  }

  @Test func aStackThatNoRequestHasRoomForIsCounted() throws {
    var profile = sampleProfile()
    let deep = (0..<500).map {
      profile.location(0, 0x3000 + $0, String(repeating: "n", count: 900) + "\($0)")
    }
    profile.add(deep, 0, 40)
    let (requests, omitted) = try encode([profile], limit: 64 << 10)
    #expect(omitted == 40)
    let values = requests.flatMap(\.resourceProfiles).flatMap(\.scopeProfiles)
      .flatMap(\.profiles).flatMap(\.samples).flatMap(\.values)
    #expect(values.reduce(0, +) == 100)
  }

  @Test func namesAreCutBetweenCharactersAndAreAlwaysText() throws {
    var profile = sampleProfile()
    let name = Array(String(repeating: "é", count: 600).utf8.dropFirst())
    profile.functions[0].name = profile.strings.intern(name)
    let strings = try #require(try encode([profile]).requests.first).dictionary.stringTable
    let cut = try #require(strings.first { $0.hasSuffix("éé") })
    #expect(cut.utf8.count <= 1_024 && cut.utf8.count > 1_020)
    #expect(cut.unicodeScalars.dropFirst().allSatisfy { $0 == "é" })
  }

  @Test func nothingIsSentOfAProfileWithoutSamples() throws {
    var profile = sampleProfile()
    profile.samples = []
    #expect(try encode([profile]).requests.isEmpty)
    #expect(try encode([]).requests.isEmpty)
  }
}

private func attribute(_ index: Int32, _ dictionary: OTLPProfilesDictionary) -> String {
  let entry = dictionary.attributeTable[Int(index)]
  let key = dictionary.stringTable[Int(entry.keyStrindex)]
  switch entry.value.value {
  case .stringValue(let text): return "\(key)=\(text)"
  case .intValue(let number): return "\(key)=\(number)"
  default: return "\(key)=?"
  }
}

private func describe(_ location: OTLPLocation, _ dictionary: OTLPProfilesDictionary) -> String {
  let strings = dictionary.stringTable
  let names = location.lines.map { line in
    let function = dictionary.functionTable[Int(line.functionIndex)]
    return strings[Int(function.nameStrindex)] + "/"
      + strings[Int(function.systemNameStrindex)] + " "
  }
  let mapping = dictionary.mappingTable[Int(location.mappingIndex)]
  let kind = location.attributeIndices.map { " " + attribute($0, dictionary) }.joined()
  return names.joined() + "@0x\(String(location.address, radix: 16)) in "
    + strings[Int(mapping.filenameStrindex)] + kind
}
