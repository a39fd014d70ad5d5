import Foundation
import LinuxHost
import ProfileModel
import Sampling
import Testing

@testable import Agent

@Suite struct SymbolizerTests {
  private struct Place {
    var path: String
    var origin: CodeOrigin
    var offset: UInt64
  }

  private struct Name: Equatable {
    var name: String
    var module: String
    var kind: FrameKind
  }

  /// The names of one location in each of the mappings.
  private func names(
    _ places: [Place], roots: HostRoots = HostRoots(), until deadline: UInt64 = .max
  ) -> [Name?] {
    var profile = Profile(sampleType: .cpu, period: 1)
    for (index, place) in places.enumerated() {
      profile.mappings.append(Mapping(path: profile.strings.intern(place.path)))
      profile.locations.append(Location(mapping: UInt32(index), offset: place.offset))
    }
    ProfileSymbolizer(roots: roots)
      .symbolize(&profile, origins: places.map(\.origin), until: deadline)
    return profile.locations.indices.map { index in
      profile.function(atLocation: UInt32(index)).map {
        Name(name: profile.strings[$0.name], module: profile.strings[$0.module], kind: $0.kind)
      }
    }
  }

  @Test func codeOfAFileThatCannotBeReadIsShownByItsOffset() {
    let found = names([Place(path: "/opt/app/lib.so", origin: .unreadable, offset: 0x1a2b)])
    #expect(found == [Name(name: "[lib.so+0x1a2b]", module: "lib.so", kind: .native)])
  }

  @Test func aKernelAddressHasTheNameThatTheKernelGivesIt() throws {
    let text = String(
      decoding: try #require(SystemFile.read("/proc/kallsyms", limit: Limits.kernelSymbolBytes)),
      as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasSuffix(" vfs_read") })
    let address = try #require(UInt64(line.prefix { $0 != " " }, radix: 16))
    let found = names([
      Place(path: "[kernel]", origin: .kernel, offset: address + 1),
      Place(path: "[kernel]", origin: .kernel, offset: 0x1000),
    ])
    #expect(
      found == [
        Name(name: "vfs_read", module: "kernel", kind: .kernel),
        Name(name: "[kernel+0x1000]", module: "kernel", kind: .kernel),
      ])
  }

  @Test func withoutKernelSymbolsAKernelAddressIsShownAsItIs() {
    let nowhere = HostRoots(proc: "/nowhere", sys: "/nowhere")
    let found = names([Place(path: "[kernel]", origin: .kernel, offset: 1 << 63)], roots: nowhere)
    #expect(found == [Name(name: "[kernel+0x8000000000000000]", module: "kernel", kind: .kernel)])
  }

  @Test func whatThereIsNoTimeToReadIsShownByItsAddress() throws {
    let text = String(
      decoding: try #require(SystemFile.read("/proc/kallsyms", limit: Limits.kernelSymbolBytes)),
      as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasSuffix(" vfs_read") })
    let digits = String(line.prefix { $0 != " " })
    let address = try #require(UInt64(digits, radix: 16))
    let kernel = Place(path: "[kernel]", origin: .kernel, offset: address)
    let library = Place(path: "/opt/app/lib.so", origin: .unreadable, offset: 16)
    #expect(
      names([kernel, library], until: 0) == [
        Name(name: "[kernel+0x\(digits)]", module: "kernel", kind: .kernel),
        Name(name: "[lib.so+0x10]", module: "lib.so", kind: .native),
      ])
    #expect(names([kernel]).first??.name == "vfs_read")
  }

  @Test func aLocationOutsideOfEveryMappingIsUnknown() {
    var profile = Profile(sampleType: .cpu, period: 1)
    profile.locations = [
      Location(mapping: nil, offset: 0xdead), Location(mapping: 77, offset: 0xbeef),
    ]
    ProfileSymbolizer(roots: HostRoots()).symbolize(&profile, origins: [])
    let names = profile.locations.indices.map { index in
      profile.function(atLocation: UInt32(index)).map { profile.strings[$0.name] }
    }
    #expect(names == ["[unknown+0xdead]", "[unknown+0xbeef]"])
  }

  @Test func equalNamesAreOneFunction() {
    var profile = Profile(sampleType: .cpu, period: 1)
    profile.locations = (0..<10).map { _ in Location(mapping: nil, offset: 5) }
    ProfileSymbolizer(roots: HostRoots()).symbolize(&profile, origins: [])
    #expect(profile.functions.count == 1)
  }

  @Test func ourOwnFunctionsAreNamedFromARealRecording() throws {
    var options = SamplerOptions()
    options.frequency = 999
    options.target = .processes([UInt32(getpid())])
    let sampler = try Sampler(
      options: options, roots: HostRoots(), profile: Profile(sampleType: .cpu, period: 1))
    try sampler.start()
    let end = Clock.monotonic() + 200_000_000
    while Clock.monotonic() < end {}
    try sampler.stop()
    var profile = sampler.folder.windows[0].profile
    ProfileSymbolizer(roots: HostRoots())
      .symbolize(&profile, origins: sampler.folder.windows[0].origins)
    #expect(profile.locations.allSatisfy { $0.function != nil })
    let names = Set(profile.functions.map { profile.strings[$0.name] })
    #expect(names.contains { $0.contains("ourOwnFunctionsAreNamed") })
    #expect(!names.contains(""))
  }
}
