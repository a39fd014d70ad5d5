import BPFRuntime
import BPFShared
import Testing
import Unwinding

@testable import UnwindTables

/// Real maps of the layout, which need root.
@Suite struct KernelMapTests {
  private struct Maps {
    let shards: BPFMap
    let rules: BPFMap
    let memory: TableMemory

    init() throws {
      func array(_ name: String, _ valueBytes: Int, _ count: Int) throws -> BPFMap {
        try BPFMap(mappableArray: name, valueBytes: valueBytes, count: count)
      }
      let shard = try array("shard", TableLayout.shardBytes, 1)
      shards = try BPFMap(arrayOfMaps: "shards", like: shard, count: TableLayout.shardCount)
      rules = try array("rules", TableLayout.ruleBytes, TableLayout.ruleCount)
      memory = try TableMemory(
        shards: shards,
        directory: try array(
          "directory", TableLayout.directoryEntryBytes, TableLayout.directoryEntries),
        files: try array("files", TableLayout.fileBytes, TableLayout.fileCount), rules: rules,
        mappings: try array("mappings", TableLayout.mappingCount * TableLayout.mappingBytes, 1),
        processes: try BPFMap(
          hash: "processes", valueBytes: TableLayout.processBytes,
          count: TableLayout.processCount))
    }
  }

  @Test func tablesInRealMapsAreFoundAndCounted() throws {
    var random = SeededGenerator(seed: 5)
    let maps = try Maps()
    let bench = try Bench(memory: maps.memory)
    let blocks = MappingBlocks(memory: maps.memory, tables: bench.tables)
    let tables = (0..<6).map {
      UnwindTable.madeUp(file: $0 + 1, pages: 60, rowsPerPage: 2_000, using: &random)
    }
    let mappings = tables.enumerated().map { id, table in
      UnwindMapping(
        start: UInt64(id) << 40, end: UInt64(id) << 40 + table.end, bias: UInt64(id) << 40,
        file: bench.install(file: id, table))
    }
    let block = try blocks.publish(pid: 77, identity: .fixture, mappings: mappings)
    #expect(block.count == 6)
    for (id, table) in tables.enumerated() {
      for _ in 0..<500 {
        let address = UInt64.random(in: 0..<table.end, using: &random)
        let walk = ReferenceWalk(
          maps.memory, pid: 77, identity: .fixture, address: UInt64(id) << 40 + address)
        #expect(walk.finish() == table.rule(at: address))
      }
    }
    blocks.remove(pid: 77)
    #expect(maps.memory.process(77) == nil)
    blocks.remove(pid: 77)
    let statistics = bench.tables.statistics
    #expect(statistics.shardBytes >= 2 << 20)
    #expect(statistics.kernelBytes > statistics.shardBytes + (4 << 20))
    #expect(statistics.kernelBytes < statistics.shardBytes + (10 << 20))
  }

  @Test func theKernelSeesWhatIsStoredAndWeWhatItHas() throws {
    let maps = try Maps()
    let word = UnwindRule(.framePointer, cfaOffset: 16).word
    maps.memory.rules.store(word, at: 9 * 8)
    var read: UInt64 = 0
    #expect(maps.rules.read(UInt32(9), into: &read) && read == word)
    try maps.rules.update(UInt32(10), to: UInt64(1_234))
    #expect(maps.memory.rules.loadAcquiring64(at: 80) == 1_234)
    #expect(throws: BPFError.self) {
      try maps.rules.update(UInt32(TableLayout.ruleCount), to: UInt64(1))
    }
    var identifier: UInt32 = 0
    #expect(!maps.shards.read(UInt32(0), into: &identifier))
    try maps.memory.addShards(3)
    #expect(maps.shards.read(UInt32(2), into: &identifier))
    #expect(!maps.shards.read(UInt32(3), into: &identifier))
  }

  @Test func aFullHashRefusesAProcess() throws {
    let hash = try BPFMap(hash: "small", valueBytes: 8, count: 2)
    try hash.update(UInt32(1), to: UInt64(1))
    try hash.update(UInt32(2), to: UInt64(2))
    #expect(throws: BPFError.self) { try hash.update(UInt32(3), to: UInt64(3)) }
    try hash.remove(UInt32(2))
    try hash.update(UInt32(3), to: UInt64(3))
  }
}
