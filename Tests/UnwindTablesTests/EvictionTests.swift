import Testing
import Unwinding

@testable import UnwindTables

@Suite struct EvictionTests {
  /// A table of `rows` rows, 30,000 to a page.
  private func table(_ id: Int, rows: Int) -> UnwindTable {
    var starts: [UInt32] = [0]
    while Int(starts[starts.count - 1]) < rows {
      starts.append(UInt32(min(rows, Int(starts[starts.count - 1]) + 30_000)))
    }
    return UnwindTable(
      firstPage: 0, pageStarts: starts, rows: (0..<UInt32(rows)).map { $0 % 30_000 * 2 },
      rules: [UnwindRule(.stackPointer, cfaOffset: Int32(id))])
  }

  @Test func theFileThatWasMetLongestAgoGivesWay() throws {
    let bench = try Bench(limitBytes: 2 << 20)
    let old = bench.install(file: 1, table(1, rows: 240_000))
    let other = bench.install(file: 2, table(2, rows: 240_000))
    bench.clock.pass(seconds: 20)
    bench.tables.touch(other)
    let new = bench.install(file: 3, table(3, rows: 200_000))
    #expect(bench.tables.state(of: old) == .evicted)
    #expect(bench.tables.state(of: other) == .ready)
    #expect(bench.tables.state(of: new) == .pending)
    bench.clock.pass(seconds: 1.9)
    bench.work()
    #expect(bench.tables.state(of: new) == .pending)
    bench.clock.pass(seconds: 0.2)
    bench.work()
    #expect(bench.tables.state(of: new) == .ready)
    #expect(bench.tables.statistics.shardBytes == 2 << 20)
    #expect(bench.tables.statistics.evictions == 1)
  }

  @Test func whatIsInUseDoesNotGiveWay() throws {
    let bench = try Bench(limitBytes: 1 << 20)
    let first = bench.install(file: 1, table(1, rows: 200_000))
    bench.clock.pass(seconds: 5)
    let second = bench.install(file: 2, table(2, rows: 200_000))
    #expect(bench.tables.state(of: first) == .ready)
    #expect(bench.tables.state(of: second) == .refused)
    #expect(bench.tables.statistics.refusals == 1)
    #expect(bench.tables.statistics.evictions == 0)
  }

  @Test func whatWasRefusedIsTriedAgainOnlyWhenAskedForAndLaterEachTime() throws {
    let bench = try Bench(limitBytes: 1 << 20)
    let first = bench.install(file: 1, table(1, rows: 200_000))
    let second = bench.install(file: 2, table(2, rows: 200_000))
    var tries: [Int] = []
    for second in 1...100 {
      bench.clock.pass(seconds: 1)
      bench.tables.touch(first)
      let before = bench.builds(ofFile: 2)
      bench.tables.request(bench.number(ofFile: 2, table: nil))
      bench.work()
      if bench.builds(ofFile: 2) > before { tries.append(second) }
    }
    #expect(tries == [10, 30, 70])
    bench.clock.pass(seconds: 50)
    bench.work()
    #expect(bench.builds(ofFile: 2) == 4)
    #expect(bench.tables.state(of: second) == .refused)
  }

  @Test func aSmallLimitDoesNotThrash() throws {
    let bench = try Bench(limitBytes: 1 << 20)
    let numbers = (0..<6).map { bench.number(ofFile: $0, table: table($0, rows: 120_000)) }
    for _ in 0..<600 {
      bench.clock.pass(seconds: 1)
      for number in numbers {
        bench.tables.request(number)
        // A walk in the kernel meets a file whose table it has.
        if bench.tables.state(of: number) == .ready { bench.tables.touch(number) }
      }
      bench.work()
    }
    #expect(numbers.count { bench.tables.state(of: $0) == .ready } == 2)
    #expect(bench.tables.statistics.evictions == 0)
    #expect((0..<6).reduce(0) { $0 + bench.builds(ofFile: $1) } < 40)
  }

  @Test func aTableThatCanNeverFitIsRefusedAndNothingGivesWay() throws {
    let bench = try Bench(limitBytes: 2 << 20)
    let first = bench.install(file: 1, table(1, rows: 1_000))
    bench.clock.pass(seconds: 50)
    let large = bench.install(file: 2, table(2, rows: 300_000))
    #expect(bench.tables.state(of: large) == .refused)
    #expect(bench.tables.state(of: first) == .ready)
    #expect(bench.tables.statistics.shardBytes == 1 << 20)
  }

  @Test func anEvictedFileComesBackWhenItIsAskedFor() throws {
    let bench = try Bench(limitBytes: 1 << 20)
    let first = bench.install(file: 1, table(1, rows: 200_000))
    bench.clock.pass(seconds: 20)
    let second = bench.install(file: 2, table(2, rows: 200_000))
    bench.clock.pass(seconds: 2)
    bench.work()
    #expect(bench.tables.state(of: first) == .evicted)
    #expect(bench.tables.state(of: second) == .ready)
    bench.clock.pass(seconds: 30)
    bench.work()
    #expect(bench.tables.state(of: first) == .evicted)
    bench.tables.request(first)
    bench.work()
    bench.clock.pass(seconds: 2)
    bench.work()
    #expect(bench.tables.state(of: first) == .ready)
    #expect(bench.tables.state(of: second) == .evicted)
    #expect(bench.builds(ofFile: 1) == 3)
  }
}
