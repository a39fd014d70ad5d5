import BPFRuntime
import Testing
import Unwinding

@testable import UnwindTables

@Suite struct MappingBlocksTests {
  private let bench: Bench
  private let blocks: MappingBlocks

  init() throws {
    bench = try Bench()
    blocks = MappingBlocks(memory: bench.memory, tables: bench.tables)
  }

  private func list(_ count: Int, from start: UInt64 = 0x1000_0000) -> [UnwindMapping] {
    (0..<UInt64(count)).map {
      UnwindMapping(
        start: start + $0 * 0x4000, end: start + $0 * 0x4000 + 0x2000, bias: $0 * 8,
        file: SpecialFile.unreadable)
    }
  }

  private func version(of block: PublishedBlock) -> UInt64 {
    bench.memory.mappings.loadAcquiring64(at: Int(block.index) * TableLayout.mappingBytes)
  }

  @Test func processesWithEqualMappingsShareABlock() throws {
    let first = try blocks.publish(pid: 1, identity: .fixture, mappings: list(30))
    let second = try blocks.publish(pid: 2, identity: .fixture, mappings: list(30).reversed())
    #expect(first == second)
    #expect(blocks.statistics.blocks == 1)
    #expect(blocks.statistics.processes == 2)
    #expect(blocks.statistics.mappings == 31)
    blocks.remove(pid: 1)
    #expect(version(of: first) == first.version)
    blocks.remove(pid: 2)
    #expect(version(of: first) == 0)
    #expect(bench.memory.process(1) == nil && bench.memory.process(2) == nil)
  }

  @Test func publishingTheSameAgainChangesNothing() throws {
    let first = try blocks.publish(pid: 1, identity: .fixture, mappings: list(3))
    #expect(try blocks.publish(pid: 1, identity: .fixture, mappings: list(3)) == first)
    #expect(version(of: first) == first.version)
    blocks.remove(pid: 1)
    #expect(version(of: first) == 0)
  }

  @Test func aBlockStaysAsItWasForTheGracePeriodAndItsVersionIsNeverUsedAgain() throws {
    var versions: Set<UInt64> = []
    let first = try blocks.publish(pid: 1, identity: .fixture, mappings: list(5))
    let second = try blocks.publish(pid: 1, identity: .fixture, mappings: list(6))
    #expect(version(of: first) == 0)
    bench.clock.pass(seconds: 1.9)
    let third = try blocks.publish(pid: 2, identity: .fixture, mappings: list(4))
    #expect(third.index != first.index)
    bench.clock.pass(seconds: 0.2)
    let fourth = try blocks.publish(pid: 3, identity: .fixture, mappings: list(2))
    #expect(fourth.index == first.index)
    for block in [first, second, third, fourth] {
      #expect(versions.insert(block.version).inserted)
    }
  }

  @Test func aProcessThatFindsNoRoomIsRefusedAndUnknown() throws {
    let slots = TableLayout.mappingCount / (MappingList.limit + 1)
    for pid in 0..<UInt32(slots) {
      try blocks.publish(
        pid: pid, identity: .fixture,
        mappings: list(MappingList.limit, from: UInt64(pid + 1) << 32))
    }
    #expect(throws: PublishRefusal.mappingsFull) {
      try blocks.publish(
        pid: 0, identity: .fixture, mappings: list(MappingList.limit, from: 1 << 44))
    }
    #expect(bench.memory.process(0) == nil)
    #expect(blocks.statistics.refusals == 1)
    bench.clock.pass(seconds: 2)
    try blocks.publish(
      pid: 0, identity: .fixture, mappings: list(MappingList.limit, from: 1 << 44))
    #expect(bench.memory.process(0) != nil)
  }

  @Test func whenTheProcessesAreFullTheBlockIsGivenUp() throws {
    for pid in 0..<UInt32(TableLayout.processCount) {
      try blocks.publish(pid: pid, identity: .fixture, mappings: list(1))
    }
    #expect(throws: PublishRefusal.processesFull) {
      try blocks.publish(pid: 100_000, identity: .fixture, mappings: list(2))
    }
    #expect(blocks.statistics.blocks == 1)
    #expect(blocks.statistics.refusals == 1)
  }

  @Test func aFileKeepsItsNumberWhileABlockNamesIt() throws {
    let number = bench.install(file: 1, nil)
    let mapping = UnwindMapping(start: 0x1000, end: 0x2000, bias: 0, file: number)
    try blocks.publish(pid: 1, identity: .fixture, mappings: [mapping])
    bench.clock.pass(seconds: 500)
    bench.tables.sweep()
    #expect(bench.number(ofFile: 1, table: nil) == number)
    blocks.remove(pid: 1)
    bench.clock.pass(seconds: 61)
    blocks.sweep()
    bench.tables.sweep()
    #expect(bench.tables.statistics.files == 1)
    bench.clock.pass(seconds: 61)
    bench.tables.sweep()
    #expect(bench.tables.statistics.files == 0)
  }

  @Test func neighboursOfOneKindBecomeOneAndOverlapsAreCut() {
    let list = MappingList([
      UnwindMapping(start: 0x8000, end: 0x9000, bias: 7, file: 5),
      UnwindMapping(start: 0x1000, end: 0x2000, bias: 1, file: SpecialFile.generated),
      UnwindMapping(start: 0x2000, end: 0x4000, bias: 2, file: SpecialFile.generated),
      UnwindMapping(start: 0x4000, end: 0x6000, bias: 0x4000, file: 5),
      UnwindMapping(start: 0x5000, end: 0x8000, bias: 7, file: 5),
      UnwindMapping(start: 0x5000, end: 0x5000, bias: 7, file: 5),
      UnwindMapping(start: 0xb000, end: 0xa000, bias: 7, file: 5),
    ])
    #expect(
      list.mappings == [
        UnwindMapping(start: 0x1000, end: 0x4000, bias: 1, file: SpecialFile.generated),
        UnwindMapping(start: 0x4000, end: 0x6000, bias: 0x4000, file: 5),
        UnwindMapping(start: 0x6000, end: 0x9000, bias: 7, file: 5),
      ])
    #expect(list.files == [5, 5])
  }

  @Test func aMappingOfAbsurdSizeIsCutToWhatPagesCanSay() throws {
    let list = MappingList([UnwindMapping(start: 0, end: .max, bias: 0, file: 5)])
    #expect(list.mappings.map(\.end) == [UInt64(UInt32.max) * 4_096])
    try blocks.publish(
      pid: 1, identity: .fixture,
      mappings: [UnwindMapping(start: 0, end: .max, bias: 0, file: 5)])
  }

  @Test func whatABlockCannotHoldIsLeftOutAndCounted() throws {
    let block = try blocks.publish(pid: 1, identity: .fixture, mappings: list(5_000))
    #expect(block.isTruncated && block.count == 4_096)
    #expect(blocks.statistics.truncated == 1)
  }
}
