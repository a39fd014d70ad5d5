import Foundation
import LinuxHost
import PerfEvents
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

  /// Sees what the test says.
  private final class Watch: KernelCodeWatching {
    var hasChanged = false
    var cpus: [Int]

    init(cpus: [Int]) { self.cpus = cpus }

    func covers(_ cpus: [Int]) -> Bool { self.cpus == cpus }

    func takeChange() -> Bool {
      defer { hasChanged = false }
      return hasChanged
    }
  }

  private final class Watches {
    var started: [Watch] = []
    var areRefused = false

    func start(_ cpus: [Int]) -> Watch? {
      if areRefused { return nil }
      started.append(Watch(cpus: cpus))
      return started.last
    }
  }

  /// A cache whose list has some code.
  private final class Scene {
    let folder: String
    let watches = Watches()
    var cache: KernelSymbolCache

    static let own: UInt64 = 0xffff_ffff_8100_0004
    static let program: UInt64 = 0xffff_ffff_c010_0004
    static let other: UInt64 = 0xffff_ffff_c010_0104

    init(believedNanoseconds: UInt64 = 0) throws {
      folder = NSTemporaryDirectory() + "wick-kallsyms-\(UUID())"
      cache = KernelSymbolCache(
        roots: HostRoots(proc: folder, sys: folder), believedNanoseconds: believedNanoseconds
      ) { [watches] in watches.start($0) }
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try list(["ffffffffc0100000 t bpf_prog_1_a\t[bpf]", "ffffffffc0100100 t bpf_prog_2_b\t[bpf]"])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func list(_ programs: [String]) throws {
      let own = ["ffffffff81000000 T work", "ffffffff81000100 T rest"]
      try (own + programs).joined(separator: "\n")
        .write(toFile: folder + "/kallsyms", atomically: true, encoding: .utf8)
    }

    /// The names at a time in seconds, and how often the list was read until then.
    func names(_ addresses: [UInt64], at seconds: Double) -> ([String], reads: Int) {
      let names = cache.names(for: addresses, now: UInt64(seconds * 1e9))
      return (addresses.map { names.name(at: $0).short }, cache.reads)
    }
  }

  @Test func theListIsReadAgainOnlyWhenCodeHasChanged() throws {
    let scene = try Scene()
    #expect(scene.names([Scene.own, Scene.program], at: 10) == (["work", "bpf_prog_1_a"], 1))
    // It may have been read while something went.
    #expect(scene.names([Scene.program], at: 11.5).reads == 2)
    #expect(scene.names([Scene.program], at: 12).reads == 2)
    #expect(scene.names([Scene.other], at: 30) == (["bpf_prog_2_b"], 2))
    try scene.list(["ffffffffc0100000 t bpf_prog_3_c\t[bpf]"])
    scene.watches.started[0].hasChanged = true
    #expect(scene.names([Scene.own], at: 40) == (["work"], 2))
    #expect(scene.names([Scene.program], at: 41) == (["bpf_prog_3_c"], 3))
    #expect(scene.names([Scene.program], at: 41.5).reads == 3)
  }

  @Test func aWatchThatMayBeBlindIsMadeAnew() throws {
    let scene = try Scene()
    _ = scene.names([Scene.program], at: 10)
    _ = scene.names([Scene.program], at: 20)
    #expect(scene.watches.started.count == 1 && scene.cache.reads == 2)
    let end = 10 + Double(KernelSymbolCache.watchNanoseconds) / 1e9
    _ = scene.names([Scene.program], at: end - 1)
    #expect(scene.watches.started.count == 1 && scene.cache.reads == 2)
    _ = scene.names([Scene.program], at: end)
    #expect(scene.watches.started.count == 2 && scene.cache.reads == 3)
    scene.watches.started[1].cpus = [0, 1, 2, 3, 4]
    _ = scene.names([Scene.program], at: end + 10)
    #expect(scene.watches.started.count == 3 && scene.cache.reads == 4)
  }

  @Test func whereNobodyWatchesOnlyTheKernelsOwnCodeIsBelieved() throws {
    let scene = try Scene()
    scene.watches.areRefused = true
    #expect(scene.names([Scene.own], at: 10).reads == 1)
    #expect(scene.names([Scene.own], at: 20).reads == 1)
    #expect(scene.names([Scene.program], at: 30).reads == 2)
    #expect(scene.names([Scene.program], at: 40).reads == 3)
    let believing = try Scene(believedNanoseconds: 10_000_000_000)
    believing.watches.areRefused = true
    #expect(believing.names([Scene.program], at: 10).reads == 1)
    #expect(believing.names([Scene.program], at: 19).reads == 1)
    #expect(believing.names([Scene.program], at: 21).reads == 2)
  }

  @Test func aListThatIsHiddenIsAskedForOnceAMinute() throws {
    let scene = try Scene()
    try "0000000000000000 T work".write(
      toFile: scene.folder + "/kallsyms", atomically: true, encoding: .utf8)
    #expect(scene.names([Scene.own], at: 10) == (["[kernel+0xffffffff81000004]"], 1))
    scene.watches.started[0].hasChanged = true
    #expect(scene.names([Scene.own], at: 60).reads == 1)
    try scene.list([])
    #expect(scene.names([Scene.own], at: 71) == (["work"], 2))
  }

  @Test func whatNobodyNeedsIsForgotten() throws {
    let scene = try Scene()
    _ = scene.names([Scene.own], at: 10)
    scene.cache.rest(now: 60_000_000_000)
    #expect(scene.names([Scene.own], at: 61).reads == 1)
    scene.cache.rest(now: 130_000_000_000)
    #expect(scene.names([Scene.own], at: 131).reads == 2)
  }

  /// The real kernel, in which other tests load programs too.
  @Test func aProgramThatComesOrGoesIsAChange() throws {
    let watch = try KernelCodeWatch(cpus: Machine(roots: HostRoots()).onlineCPUs())
    var sampler: Sampler? = try Self.sampler()
    #expect(watch.takeChange())
    #expect(sampler != nil)
    sampler = nil
    let end = Clock.monotonic() + 10_000_000_000
    while !watch.takeChange(), Clock.monotonic() < end { Clock.pause() }
    #expect(Clock.monotonic() < end)
    #expect(!watch.covers([]))
    #expect(throws: PerfError.self) { try KernelCodeWatch(cpus: []) }
  }

  @Test func aProgramThatIsNewHasItsName() throws {
    var cache = KernelSymbolCache(roots: HostRoots())
    var samplers: [Sampler] = []
    for _ in 0..<3 {
      samplers.append(try Self.sampler())
      let programs = try Self.programs()
      let names = cache.names(for: Array(programs.keys))
      // Those of other tests may have gone.
      let left = try Self.programs()
      #expect(!left.isEmpty)
      for (address, name) in programs where left[address] == name {
        #expect(names.name(at: address).short == name)
        #expect(names.name(at: address).module == "bpf")
      }
    }
    #expect(samplers.count == 3)
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
    // Those of other tests may come to the same place and go again; what the cache only remembers it
    // would for minutes.
    var stale = gone
    for _ in 0..<2_000 where !stale.isEmpty {
      let names = cache.names(for: stale)
      let later = try Self.programs()
      stale.removeAll { later[$0] != nil || names.name(at: $0).short != programs[$0] }
      Clock.pause()
    }
    #expect(stale.isEmpty)
  }
}
