import LinuxHost
import ProfileModel
import Sampling
import Symbolization
import Testing

@testable import Agent

/// What is known of the kernel's code, while programs come and go in it.
@Suite struct KernelSymbolCacheTests {
  /// The programs that take samples, by address, as the kernel lists them.
  private static func programs() throws -> [UInt64: String] {
    let bytes = try #require(SystemFile.read("/proc/kallsyms", limit: Limits.kernelSymbolBytes))
    var found: [UInt64: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasSuffix("_sample_on_cpu\t[bpf]") {
      let fields = line.split { $0 == " " || $0 == "\t" }
      found[try #require(UInt64(fields[0], radix: 16))] = String(fields[2])
    }
    return found
  }

  private static func sampler() throws -> Sampler {
    let options = SamplerOptions()
    return try Sampler(
      options: options, roots: HostRoots(),
      profile: Profile(sampleType: .cpu, period: options.period))
  }

  /// Other tests load programs too, so that the list may be read anew at any time.
  @Test func theListIsReadOnceWhileNoProgramComesOrGoes() throws {
    let sampler = try Self.sampler()
    let address = try #require(try Self.programs().keys.first)
    var cache = KernelSymbolCache(roots: HostRoots())
    let wasHeld = (0..<200).contains { _ in
      _ = cache.names(for: [address, address + 1, 0x1000])
      let before = cache.reads
      _ = cache.names(for: [address, address + 1, 0x1000])
      return cache.reads == before && before > 0
    }
    #expect(wasHeld)
    _ = sampler
  }

  @Test func aProgramThatIsNewHasItsName() throws {
    var cache = KernelSymbolCache(roots: HostRoots())
    for _ in 0..<3 {
      let sampler = try Self.sampler()
      let programs = try Self.programs()
      let names = cache.names(for: Array(programs.keys))
      // Those of other tests may have gone.
      let left = try Self.programs()
      #expect(!left.isEmpty)
      for (address, name) in programs where left[address] == name {
        #expect(names.name(at: address).short == name)
        #expect(names.name(at: address).module == "bpf")
      }
      _ = sampler
    }
  }

  @Test func aProgramThatIsGoneIsNotNamedAnyMore() throws {
    var cache = KernelSymbolCache(roots: HostRoots())
    var sampler: Sampler? = try Self.sampler()
    let programs = try Self.programs()
    _ = cache.names(for: Array(programs.keys))
    #expect(sampler != nil)
    sampler = nil
    var gone: [UInt64] = []
    for _ in 0..<500 where gone.isEmpty {
      let left = try Self.programs()
      gone = programs.keys.filter { left[$0] == nil }
      Clock.pause()
    }
    #expect(!gone.isEmpty)
    let names = cache.names(for: gone)
    // Another one may have come to the same place.
    let later = try Self.programs()
    for address in gone where later[address] == nil {
      #expect(names.name(at: address).short != programs[address])
    }
  }
}
