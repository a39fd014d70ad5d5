import Glibc
import LinuxHost
import Testing

@testable import PerfEvents
@testable import ProcessTracking

/// Samples and events that arrive a little out of order.
@Suite struct HistoryTests {
  private let table = ProcessTable(roots: HostRoots())
  /// No process has this number: it is above the kernel's limit.
  private let pid: UInt32 = 0x7000_0000

  private func apply(_ kind: ProcessEvent.Kind, at time: UInt64, pid: UInt32? = nil) {
    table.apply(ProcessEvent(time: time, pid: pid ?? self.pid, kind: kind))
  }

  private func map(_ start: UInt64) -> ProcessEvent.Kind {
    .map(
      MappedMemory(
        start: start, end: start + 0x1000, fileOffset: 0,
        device: DeviceNumber(major: 0, minor: 0), inode: 0, inodeGeneration: 0,
        path: Array("//anon".utf8)))
  }

  private func isMapped(_ address: UInt64, at time: UInt64) -> Bool {
    table.image(at: time, pid: pid).range(at: address) != nil
  }

  @Test func aSampleFindsTheProgramOfItsTime() {
    apply(map(0x1000), at: 10)
    apply(.exec, at: 20)
    apply(map(0x2000), at: 21)
    apply(.exec, at: 30)
    apply(map(0x3000), at: 31)
    for (time, address) in [(15, 0x1000), (19, 0x1000), (20, 0x2000), (29, 0x2000), (30, 0x3000)] {
      #expect(isMapped(UInt64(address), at: UInt64(time)), "at \(time)")
      for other in [0x1000, 0x2000, 0x3000] where other != address {
        #expect(!isMapped(UInt64(other), at: UInt64(time)), "at \(time)")
      }
    }
    #expect(isMapped(0x3000, at: UInt64.max))
    #expect(isMapped(0x1000, at: 0))
  }

  @Test func aSampleOfAProcessWhoseNumberWasUsedAgainIsNotTheNewOnes() {
    apply(map(0x1000), at: 10)
    apply(.exit(tid: pid), at: 20)
    apply(map(0x5000), at: 21, pid: 1)
    apply(.fork(parent: 1), at: 30)
    #expect(isMapped(0x1000, at: 25))
    #expect(!isMapped(0x5000, at: 25))
    #expect(isMapped(0x5000, at: 30))
  }

  @Test func aLateEventChangesTheProgramOfItsTime() {
    apply(map(0x1000), at: 10)
    apply(.exec, at: 20)
    apply(map(0x4000), at: 15)
    #expect(isMapped(0x4000, at: 15))
    #expect(!isMapped(0x4000, at: 25))
  }

  @Test func aChildGetsWhatItsParentWasWhenItWasBorn() {
    apply(map(0x1000), at: 10)
    apply(.exec, at: 20)
    apply(.fork(parent: pid), at: 15, pid: pid + 1)
    #expect(table.image(at: 16, pid: pid + 1).range(at: 0x1000) != nil)
  }

  @Test func whatWasLongAgoIsForgotten() {
    apply(map(0x1000), at: 10)
    apply(.exec, at: 20)
    let second: UInt64 = 1_000_000_000
    apply(.exec, at: second, pid: pid + 1)
    #expect(isMapped(0x1000, at: 15))
    apply(.exec, at: 10 * second, pid: pid + 1)
    #expect(!isMapped(0x1000, at: 15))
  }

  @Test func theHistoryOfManyProgramsAtOneTimeIsBounded() {
    apply(map(0x1000), at: 10)
    for _ in 0..<20_000 { apply(.exec, at: 20) }
    var image: ProcessImage? = table.image(at: 20, pid: pid)
    var depth = 0
    while let earlier = image?.previous {
      image = earlier
      depth += 1
    }
    #expect((4_000...4_200).contains(depth))
  }

  @Test func aPastProgramIsNotComparedWithTheOneThatRunsNow() {
    let own = UInt32(getpid())
    apply(map(0x1000), at: 10, pid: own)
    let before = table.image(at: 10, pid: own)
    apply(.exec, at: 20, pid: own)
    #expect(!table.reconcile(before, now: UInt64.max))
    #expect(before.ranges.count == 1)
  }

  @Test func onlyProgramsWithABlockAreNamedWhenTheyEnd() {
    apply(map(0x1000), at: 10)
    let first = table.image(at: 10, pid: pid)
    first.publishedVersion = 7
    first.publication = table
    apply(.exec, at: 20)
    #expect(table.takeRetired().map(ObjectIdentifier.init) == [ObjectIdentifier(first)])
    #expect(table.takeRetired().isEmpty)
    apply(.exec, at: 30)
    #expect(table.takeRetired().isEmpty)
    let third = table.image(at: 30, pid: pid)
    third.publishedVersion = 8
    apply(.exit(tid: pid), at: 40)
    #expect(table.takeRetired().map(ObjectIdentifier.init) == [ObjectIdentifier(third)])
    // Given another block after its end, it is named once more, when it is forgotten.
    third.publication = table
    apply(.exec, at: 20_000_000_000, pid: pid + 1)
    #expect(table.takeRetired().map(ObjectIdentifier.init) == [ObjectIdentifier(third)])
  }

  @Test func aProcessThatRunsWithoutItsFirstThreadHasNotEnded() throws {
    let own = UInt32(getpid())
    #expect(Processes(roots: HostRoots()).threadCount(of: own) > 1)
    apply(map(0x1000), at: 10, pid: own)
    let image = table.image(at: 10, pid: own)
    image.publishedVersion = 7
    apply(.exit(tid: own), at: 20, pid: own)
    apply(.exit(tid: own + 1), at: 20, pid: own)
    #expect(table.takeRetired().isEmpty)
    for time in stride(from: 10_000_000_000, to: 100_000_000_000 as UInt64, by: 10_000_000_000) {
      apply(.exec, at: time)
    }
    #expect(table.image(at: 10, pid: own) === image)
    #expect(table.takeRetired().isEmpty)
  }
}
