import Foundation
import LinuxHost
import MetricModel
import Synchronization
import Testing

@testable import HostMetrics

@Suite struct ServiceTests {
  /// A made-up process in a tree of files.
  private struct Process {
    var pid: UInt32
    var name = "web"
    var parent: UInt32 = 1
    var flags: UInt64 = 0
    var user: UInt64 = 0
    var start: UInt64 = 1_000
    var pages: UInt64 = 10
    var read: UInt64 = 0
    var switches: UInt64 = 0
    var pss: UInt64 = 4

    func write(to tree: FileTree) throws {
      let folder = "proc/\(pid)"
      try tree.write(
        "\(pid) (\(name)) S \(parent) 1 1 0 -1 \(flags) 5 0 2 0 \(user) 50 0 0 20 0 1 0 \(start) "
          + "4096 \(pages) 18446744073709551615 1 1\n", to: "\(folder)/stat")
      try tree.write(
        "Name:\t\(name)\nvoluntary_ctxt_switches:\t\(switches)\nnonvoluntary_ctxt_switches:\t3\n",
        to: "\(folder)/status")
      try tree.write("rchar: 1\nread_bytes: \(read)\nwrite_bytes: 7\n", to: "\(folder)/io")
      try tree.write("x-y r\nRss: 8 kB\nPss: \(pss) kB\n", to: "\(folder)/smaps_rollup")
      try tree.write("", to: "\(folder)/fd/0")
    }
  }

  private func tree(_ processes: [Process]) throws -> FileTree {
    let tree = FileTree()
    try tree.write("btime 1000000\n", to: "proc/stat")
    for process in processes { try process.write(to: tree) }
    return tree
  }

  @Test func aServiceIsTheSumOfItsProcesses() throws {
    let tree = try tree([
      Process(pid: 10, user: 250, read: 100, switches: 4),
      Process(pid: 11, parent: 10, user: 50, start: 900, read: 11, switches: 6),
      Process(pid: 2, name: "kthreadd", parent: 0, flags: 0x0020_0000, user: 9),
    ])
    let found = ServiceCollector { _, name in name }.values(of: tree)
    let expected: [String: Double] = [
      "wick_service_cpu_seconds_total{mode=user,service=web}": 3,
      "wick_service_cpu_seconds_total{mode=system,service=web}": 1,
      "wick_service_cpu_seconds_total{mode=user,service=[kernel]}": 0.09,
      "wick_service_io_bytes_total{direction=read,service=web}": 111,
      "wick_service_context_switches_total{service=web,type=voluntary}": 10,
      "wick_service_context_switches_total{service=web,type=involuntary}": 6,
      "wick_service_page_faults_total{service=web,type=major}": 4,
      "wick_service_memory_resident_bytes{service=web}": 20 * 4_096,
      "wick_service_memory_proportional_bytes{service=web}": 8_192,
      "wick_service_processes{service=web}": 2, "wick_service_threads{service=web}": 2,
      "wick_service_start_time_seconds{service=web}": 1_000_009,
      "wick_service_restarts_total{service=web}": 0,
    ]
    for (name, value) in expected { #expect(found[name] == value, "\(name)") }
    #expect(found["wick_service_open_files{service=web}"] ?? 0 >= 2)
    #expect(found["wick_service_memory_resident_bytes{service=[kernel]}"] == nil)
  }

  @Test func countersDoNotFallWhenProcessesEnd() throws {
    let tree = try tree([Process(pid: 10, user: 300), Process(pid: 11, parent: 10, user: 200)])
    let collector = ServiceCollector { _, name in name }
    let name = "wick_service_cpu_seconds_total{mode=user,service=web}"
    #expect(collector.values(of: tree)[name] == 5)
    try tree.remove("proc/11")
    try Process(pid: 10, user: 350).write(to: tree)
    #expect(collector.values(of: tree)[name] == 5.5)
    // Its number is given to another process of the service.
    try Process(pid: 10, user: 20, start: 5_000).write(to: tree)
    let found = collector.values(of: tree)
    #expect(found[name] == 5.7)
    #expect(found["wick_service_restarts_total{service=web}"] == 1)
    try tree.remove("proc/10")
    try Process(pid: 77, name: "db").write(to: tree)
    let last = collector.values(of: tree)
    #expect(last[name] == 5.7)
    #expect(last["wick_service_processes{service=web}"] == nil)
  }

  @Test func ofAProcessThatNobodyWantsNothingIsTold() throws {
    let tree = try tree([Process(pid: 10), Process(pid: 11, name: "db")])
    let asked = Mutex(0)
    let collector = ServiceCollector { _, name in
      asked.withLock { $0 += 1 }
      return name == "web" ? nil : name
    }
    for _ in 0..<3 {
      let found = collector.values(of: tree)
      #expect(found["wick_service_processes{service=db}"] == 1)
      #expect(!found.keys.contains { $0.contains("web") })
    }
    // Not in each look.
    #expect(asked.withLock(\.self) <= 4)
    // It becomes another program.
    try Process(pid: 10, name: "shop").write(to: tree)
    #expect(collector.values(of: tree)["wick_service_processes{service=shop}"] == 1)
  }

  @Test func workersThatComeAndGoAreNoRestarts() throws {
    let tree = try tree([Process(pid: 10), Process(pid: 11, parent: 10)])
    let collector = ServiceCollector { _, name in name }
    _ = collector.values(of: tree)
    try tree.remove("proc/11")
    try Process(pid: 12, parent: 10, start: 2_000).write(to: tree)
    let name = "wick_service_restarts_total{service=web}"
    #expect(collector.values(of: tree)[name] == 0)
    // A worker that has lost its parent is none either; the parent's successor is.
    try tree.remove("proc/10")
    try Process(pid: 12, parent: 1, start: 2_000).write(to: tree)
    #expect(collector.values(of: tree)[name] == 0)
    try tree.remove("proc/12")
    _ = collector.values(of: tree)
    try Process(pid: 13, start: 3_000).write(to: tree)
    #expect(collector.values(of: tree)[name] == 1)
  }

  @Test func aProcessThatBecomesAnotherProgramTakesNothingAlong() throws {
    let tree = try tree([Process(pid: 10, name: "sh", user: 100)])
    let collector = ServiceCollector { _, name in name }
    _ = collector.values(of: tree)
    try Process(pid: 10, name: "web", user: 130).write(to: tree)
    let found = collector.values(of: tree)
    #expect(found["wick_service_cpu_seconds_total{mode=user,service=sh}"] == 1)
    #expect(found["wick_service_cpu_seconds_total{mode=user,service=web}"] == 0.3)
  }

  @Test func servicesBeyondTheLimitAreOthersAndLoseNothing() throws {
    var settings = ServiceCollector.Settings()
    settings.serviceLimit = 2
    let collector = ServiceCollector(settings) { pid, _ in "s\(pid)" }
    let tree = try tree((20..<25).map { Process(pid: $0, user: 100) })
    let other = "wick_service_cpu_seconds_total{mode=user,service=other}"
    var found = collector.values(of: tree)
    #expect(found[other] == 3)
    #expect(found["wick_service_refused_total{}"] == 3)
    #expect(found.keys.count { $0.hasPrefix("wick_service_processes{") } == 3)
    // Two end; a new one takes the place of one of them, but not before a look without it.
    try tree.remove("proc/20")
    try tree.remove("proc/24")
    _ = collector.values(of: tree)
    try Process(pid: 30, user: 700).write(to: tree)
    var total = 0.0
    for _ in 0..<3 {
      found = collector.values(of: tree)
      let now = found[other] ?? 0
      #expect(now >= max(3, total))
      total = now
    }
    #expect(found["wick_service_cpu_seconds_total{mode=user,service=s30}"] == 7)
    let sum = found.filter { $0.key.hasPrefix("wick_service_cpu_seconds_total{mode=user") }
    #expect(sum.values.reduce(0, +) == 12)
  }

  @Test func proportionalMemoryIsToldWhenAllHaveBeenMeasured() throws {
    var settings = ServiceCollector.Settings()
    settings.memoryBudget = .zero
    let collector = ServiceCollector(settings) { _, name in name }
    let tree = try tree([Process(pid: 10), Process(pid: 11), Process(pid: 12)])
    let name = "wick_service_memory_proportional_bytes{service=web}"
    #expect(collector.values(of: tree)[name] == nil)
    #expect(collector.values(of: tree)[name] == nil)
    #expect(collector.values(of: tree)[name] == 12_288)
  }

  @Test func aLineThatEndsAnywhereIsNoProcess() throws {
    let line = Array("7 (a) b) (c) S 1 1 1 0 -1 4 5 0 2 0 3 4 0 0 20 0 1 0 9 4096 8 1".utf8)
    for length in 0..<line.count {
      let reading = ProcessReading(pid: 7, parsing: Array(line.prefix(length)))
      // The last field that is needed is whole or cut, the ones before it are whole.
      #expect(reading == nil || length > line.count - 3)
    }
    let reading = try #require(ProcessReading(pid: 7, parsing: line))
    #expect(reading.name == "a) b) (c")
    #expect(reading.startTicks == 9)
    #expect(reading.residentPages == 8)
    for text in ["", ")(", "1 (x)", "1 (x) S -1", "1 (x) S 99999999999999999999 1 1 1 1 1 1"] {
      #expect(ProcessReading(pid: 1, parsing: Array(text.utf8)) == nil)
    }
  }

  @Test func fieldsAreFoundInTheirOrder() {
    let bytes = Array("Pss_Dirty: 1 kB\nPss:   12 kB\nSwap: 3 kB\n".utf8)
    #expect(ProcessFields.parse(bytes, ["Pss:", "Swap:"]) == [12, 3])
    #expect(ProcessFields.parse(bytes, ["Swap:", "Pss:"]) == nil)
    for length in 0..<bytes.count {
      let found = ProcessFields.parse(Array(bytes.prefix(length)), ["Pss:", "Swap:"])
      #expect(found == nil || found == [12, 3])
    }
  }

  @Test func namesOfServicesNeverBreakTheText() throws {
    let tree = try tree([Process(pid: 10)])
    var batch = MetricBatch()
    let collector = ServiceCollector { _, _ in "a\"} 1\nnode_evil 1\u{0}\\" }
    #expect(collector.collect(from: tree.files, into: &batch))
    expectWholeText(batch)
  }

  @Test func aRealProcessIsCountedAndStaysCounted() throws {
    let child = Foundation.Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sh")
    child.arguments = ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 60"]
    try child.run()
    let pid = UInt32(child.processIdentifier)
    let collector = ServiceCollector { $0 == pid ? "spinner" : "rest \($1)" }
    let host = HostFiles(proc: "/proc", sys: "/sys", root: "")
    let name = "wick_service_cpu_seconds_total{mode=user,service=spinner}"
    var used = 0.0
    for _ in 0..<600 where used < 0.1 {
      var batch = MetricBatch()
      #expect(collector.collect(from: host, into: &batch))
      let now = labelledValues(batch)[name] ?? 0
      #expect(now >= used)
      used = now
      usleep(20_000)
    }
    child.terminate()
    child.waitUntilExit()
    #expect(used >= 0.1)
    var batch = MetricBatch()
    #expect(collector.collect(from: host, into: &batch))
    let last = labelledValues(batch)
    #expect(last[name] ?? 0 >= used)
    #expect(last["wick_service_processes{service=spinner}"] == nil)
  }
}
