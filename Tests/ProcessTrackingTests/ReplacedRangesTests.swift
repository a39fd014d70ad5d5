import LinuxHost
import Testing

@testable import PerfEvents
@testable import ProcessTracking

/// Which of the kernel's walks are not to be believed.
@Suite struct ReplacedRangesTests {
  private let store = ExecutableStore(roots: HostRoots())
  private let image: ProcessImage

  init() { image = ProcessImage(pid: 1, generation: 1, store: store) }

  private func insert(_ range: Range<UInt64>, fileOffset: UInt64 = 0) {
    let file = MappedFile(
      path: [], inode: 1, device: DeviceNumber(major: 0, minor: 0), contents: .generated)
    image.insert(
      MappedRange(
        start: range.lowerBound, end: range.upperBound, fileOffset: fileOffset, file: file))
  }

  @Test func onlyAChangeOfRangesIsARevision() {
    insert(0x1000..<0x3000)
    let first = image.revision
    let range = image.ranges[0]
    image.insert(range)
    image.insert(range.from(0x2000))
    #expect(image.revision == first)
    #expect(image.ranges.count == 1)
    insert(0x8000..<0x9000)
    #expect(image.revision > first)
    let second = image.revision
    insert(0x2000..<0x2800)
    #expect(image.revision > second)
  }

  @Test func whatWasReplacedIsStaleInTheBlocksOfThatTime() {
    insert(0x1000..<0x3000)
    image.publishedVersion = 5
    #expect(!image.isStale(address: 0x2000, version: 5))
    insert(0x2000..<0x2800)
    for version in [1, 4, 5] as [UInt64] {
      #expect(image.isStale(address: 0x2000, version: version))
      #expect(image.isStale(address: 0x27ff, version: version))
      #expect(!image.isStale(address: 0x1fff, version: version))
      #expect(!image.isStale(address: 0x2800, version: version))
    }
    image.publishedVersion = 9
    #expect(!image.isStale(address: 0x2000, version: 9))
    #expect(image.isStale(address: 0x2000, version: 5))
  }

  @Test func newMemoryMakesNothingStale() {
    insert(0x1000..<0x3000)
    image.publishedVersion = 5
    insert(0x5000..<0x6000)
    #expect(!image.isStale(address: 0x5000, version: 5))
  }

  @Test func withoutABlockNothingIsStale() {
    insert(0x1000..<0x3000)
    insert(0x1000..<0x3000)
    #expect(!image.isStale(address: 0x1000, version: 1))
  }

  @Test func aChildKnowsWhatWasReplacedInItsParent() {
    insert(0x1000..<0x3000)
    image.publishedVersion = 5
    insert(0x1000..<0x3000)
    let child = ProcessImage(pid: 2, generation: 2, store: store)
    child.copyMemory(of: image)
    #expect(child.publishedVersion == 5)
    #expect(child.ranges.count == 1)
    #expect(child.isStale(address: 0x1000, version: 5))
    #expect(!child.isStale(address: 0x1000, version: 6))
  }

  @Test func memoryThatIsForgottenIsStaleEverywhere() {
    insert(0x1000..<0x3000)
    image.publishedVersion = 5
    let before = image.forgetMemory()
    #expect(image.ranges.isEmpty)
    #expect(image.isStale(address: 0x7777, version: 5))
    #expect(!image.isStale(address: 0x7777, version: 6))
    let revision = image.revision
    image.restoreMemory(before)
    #expect(image.ranges.count == 1)
    #expect(image.revision > revision)
  }

  /// Against a list that never forgets: no stale address may pass as good.
  @Test func manyReplacementsAreAtWorstBelievedLess() {
    var truth: [(range: Range<UInt64>, version: UInt64)] = []
    var replaced = ReplacedRanges()
    var state: UInt64 = 1
    func random(_ limit: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % limit
    }
    var believed = 0
    for version in 1...2_000 as ClosedRange<UInt64> {
      let start = random(10_000)
      let range = start..<start + 1 + random(20)
      truth.append((range, version))
      replaced.add(range, publishedVersion: version)
      for _ in 0..<20 {
        let address = random(10_000)
        let walked = version - min(version, random(40))
        let isStale = truth.contains { walked <= $0.version && $0.range.contains(address) }
        let answer = replaced.contains(address, version: walked)
        #expect(answer || !isStale)
        if walked > 0, !answer { believed += 1 }
        // The last 64 are remembered one by one.
        if version - walked < 64, walked > 0 { #expect(answer == isStale) }
      }
    }
    #expect(believed > 10_000)
  }

  @Test func aRangeThatIsReplacedAgainAndAgainIsOneReplacement() {
    var replaced = ReplacedRanges()
    replaced.add(0x9000..<0xa000, publishedVersion: 1)
    for version in 2...1_000 as ClosedRange<UInt64> {
      replaced.add(0x1000..<0x2000, publishedVersion: version)
    }
    #expect(replaced.contains(0x1800, version: 1_000))
    #expect(!replaced.contains(0x3000, version: 1))
    #expect(replaced.contains(0x9000, version: 1))
    #expect(!replaced.contains(0x9000, version: 2))
  }
}
