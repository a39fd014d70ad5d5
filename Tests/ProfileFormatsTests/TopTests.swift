import Foundation
import ProfileFormats
import ProfileModel
import Testing

@Suite struct TopTests {
  /// A profile of waits: `lock` in a program, `timer` in a runtime, and a kernel thread's.
  private func waits() -> Profile {
    var profile = Profile(sampleType: .offCPU, period: 1)
    profile.facts.event = "off-cpu"
    let lock = profile.location(nil, 0, "[lock]", kind: .synthetic)
    let timer = profile.location(nil, 0, "[timer]", kind: .synthetic)
    let unfinished = profile.location(nil, 0, "[still waiting]", kind: .synthetic)
    let kernel = profile.mapping("[kernel]", start: 0, end: 0, at: 0)
    let schedule = profile.location(kernel, 1, "schedule", module: "kernel", kind: .kernel)
    let worker = profile.location(kernel, 2, "worker_thread", module: "kernel", kind: .kernel)
    let program = profile.mapping("/p", start: 0, end: 0, at: 0)
    let wrapper = profile.location(program, 3, "pthread_cond_wait", module: "libc.so.6")
    let take = profile.location(program, 4, "take_job", module: "p")
    let main = profile.location(program, 5, "main", module: "p")
    let one = profile.thread(pid: 1, tid: 1, "p", "p")
    let two = profile.thread(pid: 2, tid: 2, "p", "p")
    let other = profile.thread(pid: 3, tid: 3, "kworker", "kworker")
    profile.add([lock, schedule, wrapper, take, main], one, 300)
    profile.add([lock, schedule, wrapper, take, main], two, 400)
    profile.add([timer, schedule, wrapper], one, 50)
    profile.add([lock, schedule, worker], other, 20)
    profile.add([timer], other, 10, .userStackNotTaken)
    profile.add([unfinished], one, 9_999)
    return profile
  }

  private func interval(_ profiles: [Profile], seconds: UInt64 = 1) -> TopInterval {
    TopInterval(
      startUnixNanoseconds: 1_700_000_000_000_000_000,
      durationNanoseconds: seconds * 1_000_000_000, cpus: 2, tables: profiles.map { TopTable($0) })
  }

  private func row(_ table: TopTable, _ function: String, _ process: String) throws -> TopRow {
    let rows = table.rows.filter { $0.key.function == function && $0.key.process == process }
    #expect(rows.count <= 1)
    return try #require(rows.first, "\(function) of \(process)")
  }

  @Test func functionsHaveTheirOwnTimeAndThatOfWhatTheyCall() throws {
    let table = TopTable(sampleProfile())
    #expect(!table.isOfWaits && table.event == "cpu")
    #expect(table.sum == 100 * 10_000_000)
    let work = try row(table, "ns::work", "prog")
    #expect(work.own == 700_000_000)
    // It is in its own stack twice, and counts once.
    #expect(work.total == 900_000_000 && work.samples == 90)
    #expect(work.key.module == "prog" && work.pids == [10] && work.threads == 2)
    // The same function of another process is another row.
    #expect(try row(table, "main", "prog").total == 900_000_000)
    #expect(try row(table, "main", "my app").total == 60_000_000)
    #expect(try row(table, "do_syscall_64_[k]", "prog").own == 200_000_000)
    // A sample without a frame belongs to somebody all the same.
    #expect(try row(table, "[incomplete: stack-unreadable]", "my app").own == 10_000_000)
    #expect(table.rows.reduce(0) { $0 + $1.own } == table.sum)
  }

  @Test func waitsAreOfTheFunctionThatWaitsAndNotOfItsLibrary() throws {
    let table = TopTable(waits())
    #expect(table.isOfWaits)
    let job = try row(table, "take_job", "p")
    #expect(job.key.reason == "lock" && job.own == 700 && job.pids == [1, 2])
    // Where there is nothing but a wrapper, or the kernel, that is shown.
    #expect(try row(table, "pthread_cond_wait", "p").key.reason == "timer")
    #expect(try row(table, "worker_thread_[k]", "kworker").own == 20)
    #expect(try row(table, "[incomplete: user-stack-not-taken]", "kworker").own == 10)
    // What has not ended has no stack, and is no row.
    #expect(table.rows.count == 4 && table.sum == 780)
  }

  @Test func theOrderIsWhatWasAskedFor() {
    let table = TopTable(sampleProfile())
    func names(_ sorting: TopSorting) -> [String] {
      sorting.sorted(table).prefix(3).map { "\($0.key.process) \($0.key.function)" }
    }
    #expect(names(.own)[0] == "prog ns::work" && names(.own)[1] == "prog do_syscall_64_[k]")
    #expect(names(.total).prefix(2).sorted() == ["prog main", "prog ns::work"])
    let processes = TopSorting.process.sorted(table).map(\.key.process)
    #expect(processes == processes.sorted { $0 == "prog" && $1 != "prog" })
    for sorting in TopSorting.allCases {
      #expect(Set(sorting.sorted(table)) == Set(table.rows))
    }
  }

  @Test func theMeanIsOfTheLastIntervalsAlone() throws {
    var average = TopAverage(of: 3)
    #expect(average.average == nil)
    for _ in 0..<100 { average.add(interval([waits()])) }
    let empty = Profile(sampleType: .offCPU, period: 1)
    var quiet = empty
    quiet.facts.event = "off-cpu"
    average.add(interval([quiet]))
    let mean = try #require(average.average)
    #expect(mean.durationNanoseconds == 3_000_000_000)
    let table = try #require(mean.tables.first)
    #expect(mean.tables.count == 1 && table.sum == 2 * 780)
    let job = try row(table, "take_job", "p")
    #expect(job.own == 2 * 700 && job.pids == [1, 2] && job.threads == 2)
    for _ in 0..<3 { average.add(interval([quiet])) }
    #expect(average.average?.tables.first?.rows.isEmpty == true)
  }

  @Test func rowsAndProcessesAreBounded() {
    var profile = Profile(sampleType: .cpu, period: 1)
    for index in 0..<500 {
      let thread = profile.thread(pid: UInt32(index), tid: UInt32(index), "many", "many")
      let place = profile.location(nil, 1, "function \(index)")
      let main = profile.location(nil, 2, "main")
      profile.add([place, main], thread, UInt64(index + 1))
    }
    let table = TopTable(profile, rowLimit: 100)
    #expect(table.rows.count == 100)
    #expect(table.sum == 125_250)
    let main = table.rows.first { $0.key.function == "main" }
    #expect(main?.total == 125_250 && main?.pids.count == TopRow.processLimit)
    #expect(table.rows.contains { $0.key.function == "function 499" })
    #expect(!table.rows.contains { $0.key.function == "function 3" })
  }

  @Test(arguments: [(80, 24), (200, 60), (20, 6), (1, 1), (40, 3), (300, 0)])
  func theScreenIsNeverExceeded(_ columns: Int, _ lines: Int) {
    let text = TopText(interval([sampleProfile(), waits()]), sorting: .own)
    let screen = text.screen(height: lines, width: columns)
    #expect(screen.count <= lines)
    #expect(screen.allSatisfy { $0.count <= columns })
  }

  @Test func bothTablesAreOnTheScreenInTheirOrder() throws {
    for (sorting, first) in [(TopSorting.own, "FUNCTION"), (.waits, "REASON")] {
      let text = TopText(interval([sampleProfile(), waits()]), sorting: sorting)
      let screen = text.screen(height: 20, width: 120)
      #expect(screen.first?.contains(first) == true)
      #expect(screen.contains { $0.contains("ns::work") && $0.contains("70.0%") })
      #expect(screen.contains { $0.contains("take_job") && $0.contains("p ×2") })
    }
    let summary = TopText(interval([sampleProfile(), waits()]), sorting: .own).summary
    #expect(summary.hasPrefix("CPU 100.0% of 200%, off-cpu 780 ns/s"))
  }

  @Test func hostileNamesStayInTheirLine() throws {
    var profile = Profile(sampleType: .cpu, period: 1)
    let thread = profile.thread(pid: 1, tid: 1, "a\u{1b}[2J\n\"b", "x")
    let place = profile.location(nil, 1, "f\u{9b}31m\r\n\"", module: "m\u{7}\\")
    profile.add([place], thread, 1)
    let text = TopText(interval([profile]), sorting: .own).plain(limit: 5, width: 100)
    let isPlain = text.allSatisfy { line in
      line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) }
    }
    #expect(isPlain)
    let line = TopJSON(interval([profile]), sorting: .own, limit: 5).line
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    #expect(object is [String: Any])
    #expect(line.filter { $0 == "\n" }.count == 1)
  }

  @Test func theJSONHasAllTables() throws {
    struct Row: Decodable {
      var reason: String?
      var function: String
      var value: UInt64?
      var own: UInt64?
      var total: UInt64?
      var pids: [Int]
    }
    struct Table: Decodable {
      var value: UInt64
      var functions: [Row]?
      var waits: [Row]?
    }
    struct Line: Decodable {
      var duration_ns: UInt64
      var events: [String: Table]
    }
    let line = TopJSON(interval([sampleProfile(), waits()]), sorting: .own, limit: 2).line
    let read = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
    #expect(read.duration_ns == 1_000_000_000)
    let cpu = try #require(read.events["cpu"]?.functions)
    #expect(cpu.map(\.function) == ["ns::work", "do_syscall_64_[k]"])
    #expect(cpu[0].own == 700_000_000 && cpu[0].total == 900_000_000)
    let waits = try #require(read.events["off-cpu"]?.waits)
    #expect(waits.count == 2 && waits[0].reason == "lock" && waits[0].value == 700)
    #expect(waits[0].pids == [1, 2])
  }
}
