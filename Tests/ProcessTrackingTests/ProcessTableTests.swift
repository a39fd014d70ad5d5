import Foundation
import LinuxHost
import RemoteUnwinding
import Testing

@testable import PerfEvents
@testable import ProcessTracking

@Suite struct ProcessTableTests {
  private let table = ProcessTable(roots: HostRoots())
  /// No process has this number: it is above the kernel's limit.
  private let pid: UInt32 = 0x7000_0000

  private func apply(_ kind: ProcessEvent.Kind, pid: UInt32? = nil) {
    table.apply(ProcessEvent(time: 1, pid: pid ?? self.pid, kind: kind))
  }

  private func memory(_ range: Range<UInt64>, _ path: String = "//anon", inode: UInt64 = 0)
    -> MappedMemory
  {
    MappedMemory(
      start: range.lowerBound, end: range.upperBound, fileOffset: 0,
      device: DeviceNumber(major: 0, minor: 0), inode: inode, inodeGeneration: 0,
      path: Array(path.utf8))
  }

  private func image(_ pid: UInt32? = nil) -> ProcessImage {
    table.image(at: 1, pid: pid ?? self.pid)
  }

  @Test func anExecClearsWhatWasMapped() {
    apply(.map(memory(0x1000..<0x2000)))
    let before = image()
    #expect(before.range(at: 0x1800) != nil)
    apply(.exec)
    #expect(image().range(at: 0x1800) == nil)
    #expect(image().generation > before.generation)
    #expect(before.range(at: 0x1800) != nil)
  }

  @Test func aForkCopiesWhatWasMapped() {
    apply(.map(memory(0x1000..<0x2000)))
    apply(.fork(parent: pid), pid: pid + 1)
    #expect(image(pid + 1).range(at: 0x1800) != nil)
    apply(.map(memory(0x5000..<0x6000)), pid: pid + 1)
    #expect(image().range(at: 0x5800) == nil)
    apply(.exec, pid: pid + 1)
    #expect(image().range(at: 0x1800) != nil)
  }

  @Test func onlyAnotherMeaningOfAnAddressIsANewGeneration() {
    apply(.map(memory(0x1000..<0x2000)))
    let first = image().generation
    apply(.map(memory(0x1000..<0x2000)))
    apply(.map(memory(0x4000..<0x5000)))
    #expect(image().generation == first)
    apply(.map(memory(0x1800..<0x1900, "/usr/bin/other", inode: 99)))
    #expect(image().generation > first)
  }

  @Test func anEmptyOrReversedMappingIsIgnored() {
    apply(.map(memory(0x1000..<0x1000)))
    #expect(image().ranges.isEmpty)
  }

  @Test func aProcessThatEndedIsKeptForLateSamples() {
    apply(.map(memory(0x1000..<0x2000)))
    apply(.exit(tid: pid))
    for number in 1...2_000 as ClosedRange<UInt32> {
      apply(.fork(parent: 1), pid: pid + number)
      apply(.exit(tid: pid + number), pid: pid + number)
    }
    #expect(image().range(at: 0x1800) != nil)
  }

  @Test func theTableStaysBoundedOverManyForks() {
    for number in 1...100_000 as ClosedRange<UInt32> {
      apply(.fork(parent: 1), pid: pid + number)
      apply(.exit(tid: pid + number), pid: pid + number)
    }
    #expect(table.count <= 8_192)
    #expect(table.count >= 4_096)
  }

  @Test func theTableStaysBoundedWhenEndsAreLost() {
    apply(.map(memory(0x1000..<0x2000)), pid: 1)
    for number in 1...200_000 as ClosedRange<UInt32> {
      apply(.fork(parent: 1), pid: pid + number)
    }
    #expect(table.count <= Limits.trackedProcesses)
    // A process that still runs is not among those that had to go.
    #expect(image(1).range(at: 0x1800) != nil)
  }

  @Test func aReusedNumberIsANewProcess() {
    apply(.map(memory(0x1000..<0x2000)))
    apply(.exit(tid: pid))
    apply(.fork(parent: 2))
    #expect(image().range(at: 0x1800) == nil)
    // Forgetting the first does not forget the second.
    apply(.map(memory(0x3000..<0x4000)))
    for number in 1...10_000 as ClosedRange<UInt32> {
      apply(.fork(parent: 2), pid: pid + number)
      apply(.exit(tid: pid + number), pid: pid + number)
    }
    #expect(image().range(at: 0x3800) != nil)
  }

  @Test func theMappingsOfOneProcessAreBounded() {
    for number in UInt64(0)..<UInt64(Limits.mappingsPerProcess + 100) {
      apply(.map(memory(number * 0x2000..<number * 0x2000 + 0x1000)))
    }
    #expect(image().ranges.count == Limits.mappingsPerProcess)
  }

  @Test func lossIsCountedAndNeverOverflows() {
    apply(.lost(count: 5))
    #expect(table.lostEvents == 5)
    apply(.lost(count: UInt64.max))
    apply(.lost(count: UInt64.max))
  }

  @Test func aProcessIsAskedEverMoreRarely() {
    let own = UInt32(getpid())
    var now: UInt64 = 1_000_000_000
    let image = table.image(at: now, pid: own)
    #expect(!table.reconcile(image, now: now))
    #expect(!table.reconcile(image, now: now + 19_000_000))
    var asked = 0
    for _ in 0..<10_000 {
      now += 1_000_000
      if table.reconcile(image, now: now) { asked += 1 }
    }
    // 20, 40, 80, … ms, then each second: ten seconds take some fourteen questions.
    #expect((10...16).contains(asked))
    #expect(image.ranges.count > 1)
    // When events were lost, nothing is believed that /proc does not say.
    table.apply(ProcessEvent(time: now, pid: own, kind: .map(memory(0x1000..<0x2000))))
    #expect(image.range(at: 0x1000) != nil)
    let before = image.generation
    apply(.lost(count: 1))
    #expect(table.image(at: now, pid: UInt32(getpid())) === image)
    #expect(image.range(at: 0x1000) == nil)
    #expect(image.generation != before)
  }

  @Test func aProcessThatIsGoneIsNotAsked() {
    #expect(!table.reconcile(image(), now: UInt64.max))
  }
}
