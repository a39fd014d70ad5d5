import BPFRuntime
import BPFShared
import ELF
import LinuxHost
import Synchronization
import Testing
import Unwinding

@testable import UnwindTables

@Suite struct UnwindTablesTests {
  @Test func everyRowOfAnInstalledTableIsFound() throws {
    var random = SeededGenerator(seed: 1)
    let bench = try Bench()
    let blocks = MappingBlocks(memory: bench.memory, tables: bench.tables)
    let table = UnwindTable.madeUp(file: 1, pages: 20, rowsPerPage: 300, using: &random)
    let number = bench.install(file: 1, table)
    #expect(bench.tables.state(of: number) == .ready)
    let bias: UInt64 = 0x7f00_0000_0000
    try blocks.publish(
      pid: 5, identity: .fixture,
      mappings: [UnwindMapping(start: bias, end: bias + table.end, bias: bias, file: number)])
    for page in 0..<table.pageCount {
      let start = (UInt64(table.firstPage) + UInt64(page)) << 16
      for row in table.rows[Int(table.pageStarts[page])..<Int(table.pageStarts[page + 1])] {
        let address = start + UInt64(row & 0xffff)
        let walk = ReferenceWalk(
          bench.memory, pid: 5, identity: .fixture, address: bias + address)
        #expect(walk.finish() == table.rules[Int(row >> 16)])
      }
    }
    let statistics = bench.tables.statistics
    #expect(statistics.rows == table.rows.count)
    #expect(statistics.tables == 1 && statistics.files == 1 && statistics.installed == 1)
    #expect(statistics.shardBytes == 1 << 20)
  }

  @Test func aFileKeepsItsNumberAndIsBuiltOnce() throws {
    var random = SeededGenerator(seed: 2)
    let bench = try Bench()
    let table = UnwindTable.madeUp(file: 1, pages: 1, rowsPerPage: 10, using: &random)
    let number = bench.install(file: 1, table)
    #expect(number >= FILE_FIRST.rawValue)
    #expect(bench.install(file: 1, table) == number)
    #expect(bench.builds(ofFile: 1) == 1)
  }

  /// Samples go on asking for a table while it is built.
  @Test func whatIsAskedForWhileItIsBuiltIsBuiltOnceAndHasItsRoomOnce() throws {
    var random = SeededGenerator(seed: 20)
    let table = UnwindTable.madeUp(file: 1, pages: 4, rowsPerPage: 100, using: &random)
    let asking = Mutex<(@Sendable () -> Void)?>(nil)
    let built = Mutex(0)
    let bytes = try #require(SystemFile.read("/bin/true"))
    let tables = UnwindTables(memory: try TableMemory()) { _ in
      built.withLock { $0 += 1 }
      asking.withLock { $0 }?()
      return table
    }
    let number = tables.number(of: try ELFImage(bytes: bytes), key: .fixture(1))
    asking.withLock { [unowned tables] ask in ask = { tables.request(number) } }
    tables.request(number)
    while tables.buildNext() == .worked {}
    #expect(built.withLock { $0 } == 1)
    #expect(tables.state(of: number) == .ready)
    let statistics = tables.statistics
    #expect(statistics.rows == table.rows.count && statistics.tables == 1)
    #expect(statistics.queueLength == 0)
  }

  @Test func aFileWithoutUnwindInformationIsNotTriedAgain() throws {
    let bench = try Bench()
    let number = bench.install(file: 1, nil)
    #expect(bench.tables.state(of: number) == .none)
    bench.clock.pass(seconds: 30)
    bench.tables.request(number)
    bench.work()
    #expect(bench.builds(ofFile: 1) == 1)
    #expect(bench.tables.statistics.filesWithoutTable == 1)
  }

  @Test func whatIsDemandedMostIsBuiltFirst() throws {
    let bench = try Bench()
    let numbers = (0..<5).map { bench.number(ofFile: $0, table: nil) }
    for (number, demand) in zip(numbers, [1, 4, 2, 9, 3]) {
      bench.tables.request(number, demand: demand)
    }
    for _ in 0..<20 { bench.tables.request(numbers[0]) }
    #expect(bench.tables.statistics.queueLength == 5)
    let order = (0..<5).map { _ in
      let pending = Set(numbers.filter { bench.tables.state(of: $0) == .pending })
      #expect(bench.tables.buildNext() == .worked)
      return pending.first { bench.tables.state(of: $0) != .pending }
    }
    #expect(order == [0, 3, 1, 4, 2].map { numbers[$0] })
    #expect(bench.tables.buildNext() == .idle(until: nil))
  }

  @Test func equalRulesOfDifferentFilesShareANumber() throws {
    let bench = try Bench()
    let table = UnwindTable(
      firstPage: 0, pageStarts: [0, 2], rows: [0, 1 << 16 | 9],
      rules: [UnwindRule(.stackPointer, cfaOffset: 8), UnwindRule(.framePointer, cfaOffset: 16)])
    let before = bench.tables.statistics.rules
    for id in 0..<10 { _ = bench.install(file: id, table) }
    #expect(bench.tables.statistics.rules == before + 2)
  }

  @Test func aFileWithTooManyRulesGetsComplexOnesAndLeavesRoomForOthers() throws {
    let bench = try Bench()
    let blocks = MappingBlocks(memory: bench.memory, tables: bench.tables)
    let count = 8_000
    let crafted = UnwindTable(
      firstPage: 0, pageStarts: [0, UInt32(count)],
      rows: (0..<UInt32(count)).map { $0 | $0 << 16 },
      rules: (0..<count).map { UnwindRule(.stackPointer, cfaOffset: Int32($0 * 8)) })
    let number = bench.install(file: 1, crafted)
    try blocks.publish(
      pid: 5, identity: .fixture,
      mappings: [UnwindMapping(start: 0, end: 65_536, bias: 0, file: number)])
    func rule(at address: UInt64) -> UnwindRule? {
      ReferenceWalk(bench.memory, pid: 5, identity: .fixture, address: address).finish()
    }
    #expect(rule(at: 4_095) == crafted.rules[4_095])
    #expect(rule(at: 4_096) == UnwindRule(.complex))
    #expect(rule(at: 7_999) == UnwindRule(.complex))
    let statistics = bench.tables.statistics
    #expect(statistics.rulesWithoutNumber == count - 4_096)
    #expect(statistics.rules < 5_000)
  }

  @Test func rulesAreGivenBackWithTheirFile() throws {
    let bench = try Bench()
    let before = bench.tables.statistics.rules
    for round in 0..<30 {
      let rules = (0..<2_000).map { UnwindRule(.plt, cfaOffset: Int32(round * 2_000 + $0)) }
      let rows = (0..<UInt32(2_000)).map { $0 | $0 << 16 }
      let table = UnwindTable(firstPage: 0, pageStarts: [0, 2_000], rows: rows, rules: rules)
      let number = bench.install(file: round, table)
      #expect(bench.tables.state(of: number) == .ready)
      bench.clock.pass(seconds: 70)
      bench.tables.sweep()
      bench.clock.pass(seconds: 3)
    }
    bench.tables.sweep()
    #expect(bench.tables.statistics.rules == before)
    #expect(bench.tables.statistics.rulesWithoutNumber == 0)
    #expect(bench.tables.statistics.files == 0)
    #expect(bench.tables.statistics.rows == 0)
  }

  @Test(arguments: [
    UnwindTable(firstPage: 0, pageStarts: [], rows: [], rules: []),
    UnwindTable(firstPage: 0, pageStarts: [0], rows: [], rules: []),
    UnwindTable(firstPage: 0, pageStarts: [0, 2], rows: [0], rules: [UnwindRule(.stop)]),
    UnwindTable(firstPage: 0, pageStarts: [1, 0], rows: [0], rules: [UnwindRule(.stop)]),
    UnwindTable(firstPage: 0, pageStarts: [0, 5, 1], rows: [0, 1, 2, 3, 4], rules: []),
    UnwindTable(firstPage: 0, pageStarts: [0, 1], rows: [7], rules: [UnwindRule(.stop)]),
    UnwindTable(firstPage: .max, pageStarts: [0, 1], rows: [0], rules: [UnwindRule(.stop)]),
    UnwindTable(
      firstPage: 0, pageStarts: [0, 65_537], rows: .init(repeating: 0, count: 65_537), rules: []),
    UnwindTable(firstPage: 0, pageStarts: .init(repeating: 0, count: 40_000), rows: [], rules: []),
  ])
  func aTableThatMakesNoSenseIsNotInstalled(table: UnwindTable) throws {
    let bench = try Bench()
    #expect(bench.tables.state(of: bench.install(file: 1, table)) == .none)
    #expect(bench.tables.statistics.rows == 0)
  }

  @Test func aRowWithoutItsRuleIsComplex() throws {
    let bench = try Bench()
    let blocks = MappingBlocks(memory: bench.memory, tables: bench.tables)
    let number = bench.install(
      file: 1, UnwindTable(firstPage: 0, pageStarts: [0, 1], rows: [9 << 16], rules: []))
    try blocks.publish(
      pid: 5, identity: .fixture,
      mappings: [UnwindMapping(start: 0, end: 4_096, bias: 0, file: number)])
    let walk = ReferenceWalk(bench.memory, pid: 5, identity: .fixture, address: 8)
    #expect(walk.finish() == UnwindRule(.complex))
  }

  @Test func whenNumbersRunOutFilesTakeTheCopyPath() throws {
    let bench = try Bench()
    let last = TableLayout.fileCount - Int(TableLayout.firstFile)
    for id in 0..<last { #expect(bench.number(ofFile: id, table: nil) != SpecialFile.none) }
    #expect(bench.number(ofFile: last, table: nil) == SpecialFile.none)
    #expect(bench.tables.statistics.filesWithoutNumber == 1)
    bench.clock.pass(seconds: 70)
    bench.tables.sweep()
    #expect(bench.number(ofFile: last, table: nil) == SpecialFile.none)
    bench.clock.pass(seconds: 3)
    #expect(bench.number(ofFile: last, table: nil) != SpecialFile.none)
  }
}

extension ProgramIdentity {
  static let fixture = ProgramIdentity(startTime: 1_000, execCount: 3)
}
