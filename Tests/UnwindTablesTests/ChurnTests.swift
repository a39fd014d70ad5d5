import Testing
import Unwinding

@testable import UnwindTables

/// Files, processes and walks come and go at random; a walk finds the right rule or nothing.
@Suite struct ChurnTests {
  /// What a lookup may find, as it was when the walk began.
  private struct Pending {
    var walk: ReferenceWalk
    let expected: UnwindRule?
    let begun: UInt64
  }

  private struct Process {
    var identity: ProgramIdentity
    var files: [(id: Int, start: UInt64)]
  }

  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func noWalkFindsARuleOfAnotherFile(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let tables = (0..<24).map { id in
      UnwindTable.madeUp(
        file: id + 1, pages: .random(in: 1...30, using: &random),
        rowsPerPage: .random(in: 200...12_000, using: &random), using: &random)
    }
    let bench = try Bench(limitBytes: 2 << 20)
    let blocks = MappingBlocks(memory: bench.memory, tables: bench.tables)
    var processes: [UInt32: Process] = [:]
    var walks: [Pending] = []
    var found = 0
    for step in 0..<600 {
      let pid = UInt32.random(in: 1...12, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let process = Process(
          identity: ProgramIdentity(startTime: UInt64(step), execCount: UInt64(pid)),
          files: (0..<UInt64(6)).map { (Int.random(in: 0..<24, using: &random), $0 << 30) })
        let mappings = process.files.map { file in
          UnwindMapping(
            start: file.start, end: file.start + tables[file.id].end, bias: file.start,
            file: bench.number(ofFile: file.id, table: tables[file.id]))
        }
        for mapping in mappings { bench.tables.request(mapping.file) }
        try blocks.publish(pid: pid, identity: process.identity, mappings: mappings)
        processes[pid] = process
      case 4:
        blocks.remove(pid: pid)
        processes[pid] = nil
      case 5..<8: bench.work()
      default:
        bench.clock.pass(seconds: .random(in: 0...(step % 50 == 0 ? 90 : 4), using: &random))
      }
      walks.removeAll { bench.clock.now - $0.begun >= Grace.nanoseconds }
      for index in walks.indices where Bool.random(using: &random) {
        walks[index].walk.advance()
      }
      for _ in 0..<8 {
        guard let (pid, process) = processes.randomElement(using: &random),
          let file = process.files.randomElement(using: &random)
        else { break }
        let address = UInt64.random(in: 0..<tables[file.id].end, using: &random)
        let walk = ReferenceWalk(
          bench.memory, pid: pid, identity: process.identity, address: file.start + address)
        walks.append(
          Pending(
            walk: walk, expected: tables[file.id].rule(at: address), begun: bench.clock.now))
      }
      for pending in walks {
        guard let rule = pending.walk.finish() else { continue }
        #expect(rule == pending.expected)
        found += 1
      }
    }
    #expect(found > 2_000)
    #expect(bench.tables.statistics.evictions > 0)
    #expect(bench.tables.statistics.shardBytes <= 2 << 20)
  }
}
