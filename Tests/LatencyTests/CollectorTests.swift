import Foundation
import Latency
import LinuxHost
import MetricModel
import ProfileModel
import Sampling
import Testing

/// The collectors on the real kernel, against programs that time themselves.
@Suite(.serialized) struct CollectorTests {
  private static func collector(
    _ kind: LatencyKind, of pids: [UInt32]? = nil,
    _ configure: (inout LatencyOptions) -> Void = { _ in }
  ) throws -> LatencyCollector {
    var options = LatencyOptions()
    if let pids { options.target = .processes(pids) }
    configure(&options)
    return try LatencyCollector(kind, options: options)
  }

  /// With a sampler that takes the stacks of what is slow.
  private static func collectorWithStacks(
    _ kind: LatencyKind, of pid: UInt32, _ configure: (inout LatencyOptions) -> Void = { _ in }
  ) throws -> (Sampler, LatencyCollector) {
    var options = LatencyOptions()
    options.target = .processes([pid])
    configure(&options)
    var settings = SamplerOptions()
    settings.target = options.target
    settings.events = [.exemplars]
    let sampler = try Sampler(
      options: settings, roots: HostRoots(), profile: Profile(sampleType: .latency, period: 1))
    return (sampler, try LatencyCollector(kind, options: options, loan: sampler.loan()))
  }

  /// The rows of one process, by what happened.
  private static func rows(_ interval: LatencyInterval, of pid: UInt32) -> [String: LatencyRow] {
    Dictionary(interval.rows.filter { $0.key.pid == pid }.map { ($0.name, $0) }) { first, _ in first
    }
  }

  /// Within one bucket of what the program measured.
  private static func expect(
    _ histogram: LatencyHistogram, quantile: Double, near nanoseconds: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let truth = LatencyHistogram.place(of: try #require(UInt64(nanoseconds)))
    let place = try #require(histogram.place(ofQuantile: quantile))
    #expect(abs(place - truth) <= 1, "\(nanoseconds) ns", sourceLocation: sourceLocation)
  }

  @Test func callsAreCountedExactlyAndTimedAsTheProgramItselfDoes() throws {
    let workload = try TimedWorkload("calls")
    let collector = try Self.collector(.syscalls, of: [workload.pid])
    try collector.start()
    let told = try workload.work(lines: 4)
    let interval = try collector.collect()
    let rows = Self.rows(interval, of: workload.pid)
    for line in told.prefix(2) {
      let row = try #require(rows[line[0]])
      #expect("\(row.histogram.count)" == line[1])
      try Self.expect(row.histogram, quantile: 0.5, near: line[2])
      try Self.expect(row.histogram, quantile: 0.99, near: line[3])
      #expect(row.errors.isEmpty)
      #expect(row.process.hasPrefix("wick-latency"))
    }
    #expect(rows["lseek"]?.histogram.count == 400)
    #expect(rows["lseek"]?.errors == ["EBADF": 300, "EINVAL": 100])
    #expect(rows["unlink"]?.errors == ["ENOENT": 300])
    #expect(interval.losses.folded == 0 && interval.losses.lost == 0)
    // The program's own calls are all there is: it alone was asked for.
    #expect(interval.rows.allSatisfy { $0.key.pid == workload.pid })
  }

  @Test func eachCollectionHoldsWhatIsNew() throws {
    let collector = try Self.collector(.syscalls, of: [UInt32(getpid())])
    try collector.start()
    for _ in 0..<100 { _ = getpgrp() }
    let first = Self.rows(try collector.collect(), of: UInt32(getpid()))
    for _ in 0..<7 { _ = getpgrp() }
    let second = Self.rows(try collector.collect(), of: UInt32(getpid()))
    #expect(first["getpgrp"]?.histogram.count == 100)
    #expect(second["getpgrp"]?.histogram.count == 7)
    let sum = second["getpgrp"]?.histogram.sum ?? 0
    #expect(sum > 0 && sum < 1_000_000_000)
  }

  @Test func aChildIsFollowedAndItsNameIsThatOfItsProgram() throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    let input = Pipe()
    shell.standardInput = input
    shell.arguments = ["-c", "read x; /bin/true; /bin/true"]
    try shell.run()
    let collector = try Self.collector(.syscalls, of: [UInt32(shell.processIdentifier)])
    try collector.start()
    #expect(collector.hasTargets)
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    shell.waitUntilExit()
    let rows = try collector.collect().rows
    let children = Set(rows.filter { $0.process == "true" }.map(\.key.pid))
    #expect(children.count == 2)
    #expect(!collector.hasTargets)
  }

  @Test(arguments: [LatencyKind.syscalls, .runqueue, .block])
  func whatBeganBeforeARestIsNotTakenForWhatEndsAfterIt(_ kind: LatencyKind) throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    let (input, output) = (Pipe(), Pipe())
    shell.standardInput = input
    shell.standardOutput = output
    // Each line is read by one call, and answered.
    shell.arguments = ["-c", "while read x; do echo; done"]
    try shell.run()
    defer { shell.waitUntilExit() }
    func answer() throws {
      try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
      #expect(try output.fileHandleForReading.read(upToCount: 1)?.count == 1)
      // It is to wait again: in read(0, …), as proc_pid_syscall(5) has it.
      let path = "/proc/\(shell.processIdentifier)/syscall"
      let end = Clock.monotonic() + 20_000_000_000
      while SystemFile.text(path)?.hasPrefix("0 0x0 ") != true, Clock.monotonic() < end {
        Clock.pause()
      }
      #expect(Clock.monotonic() < end)
    }
    let collector = try Self.collector(kind, of: [UInt32(shell.processIdentifier)])
    try answer()
    try collector.start()
    try answer()
    _ = try collector.collect()
    #expect(collector.rest())
    try answer()
    try collector.start()
    try answer()
    try answer()
    let rows = try collector.collect().rows
    try input.fileHandleForWriting.close()
    if kind == .syscalls {
      // The wait for the first of the two lines had begun while nobody looked.
      let reads = try #require(rows.first { $0.name == "read" })
      #expect(reads.histogram.count == 1)
      #expect(rows.first { $0.name == "write" }?.histogram.count == 2)
    } else if kind == .runqueue {
      #expect(rows.allSatisfy { $0.histogram.max < 1_000_000_000 })
      #expect(rows.contains { $0.histogram.count > 0 })
    }
  }

  @Test func processesForWhichThereIsNoRoomAreCountedTogether() throws {
    let collector = try Self.collector(.syscalls) { $0.slots = 1 }
    try collector.start()
    for _ in 0..<1_000 { _ = getpgrp() }
    let interval = try collector.collect()
    let calls = interval.rows.filter { $0.name == "getpgrp" }
    #expect(calls.reduce(0) { $0 + $1.histogram.count } >= 1_000)
    #expect(interval.rows.contains { $0.key.pid == 0 && $0.process == "other" })
    #expect(interval.losses.folded > 0)
    #expect(interval.losses.lost == 0)
  }

  @Test func slotsOfProcessesThatEndedAreUsedAgain() throws {
    let collector = try Self.collector(.syscalls, of: [UInt32(getpid())]) {
      $0.slots = 1_000
      $0.spareSlots = 64
    }
    try collector.start()
    var folded: UInt64 = 0
    var children: Set<UInt32> = []
    for _ in 0..<100 {
      let child = Process()
      child.executableURL = URL(filePath: "/bin/true")
      try child.run()
      child.waitUntilExit()
      let interval = try collector.collect()
      folded += interval.losses.folded
      for row in interval.rows where row.process == "true" { children.insert(row.key.pid) }
      usleep(30_000)
      _ = try collector.collect()
    }
    // Each has some 25 calls: without slots that come back the room would be for forty.
    #expect(children.count == 100)
    #expect(folded == 0)
  }

  @Test func waitsForACPUAddUp() throws {
    var errors: [Double] = []
    // What the hypervisor takes is in the truth and not in the sum: then once more.
    while errors.count < 10, errors.last.map({ $0 >= 0.05 }) ?? true {
      let workload = try TimedWorkload("spinners", ["3", "600"])
      let collector = try Self.collector(.runqueue, of: [workload.pid])
      try collector.start()
      let told = try workload.work(lines: 1)
      let truth = try #require(Double(told[0][0]))
      let rows = Self.rows(try collector.collect(), of: workload.pid)
      let preempted = try #require(rows["preempted"])
      let sum = rows.values.reduce(0) { $0 + Double($1.histogram.sum) }
      #expect(preempted.histogram.count > 20)
      #expect(rows["new"]?.histogram.count == 3)
      errors.append(abs(sum - truth) / truth)
    }
    #expect(errors.contains { $0 < 0.05 }, "\(errors)")
  }

  @Test func everyRequestToTheDiskIsCounted() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "wick-direct-\(getpid())")
    defer { try? FileManager.default.removeItem(at: file) }
    let workload = try TimedWorkload("direct", [file.path, "200"])
    let collector = try Self.collector(.block, of: [workload.pid])
    try collector.start()
    let told = try workload.work(lines: 1)[0]
    let rows = Self.rows(try collector.collect(), of: workload.pid)
    for (index, operation) in [(0, " read"), (3, " write")] {
      let row = try #require(rows.first { $0.key.hasSuffix(operation) }?.value)
      #expect("\(row.histogram.count)" == told[index + 1])
      let took = try #require(UInt64(told[index + 2]))
      #expect(row.histogram.sum > 0 && row.histogram.sum < took)
      #expect(row.errors.isEmpty)
    }
  }

  /// What is merged is never completed: its memory is soon another request's.
  @Test func mergedRequestsAreCountedAsTheKernelCountsThem() throws {
    let disk = try LoopDisk(megabytes: 16)
    let collector = try Self.collector(.block)
    try collector.start()
    for _ in 0..<3 {
      let workload = try TimedWorkload("merging", [disk.path, "2048"])
      let before = try disk.writes()
      #expect(try workload.work(lines: 1) == [["2048"]])
      workload.end()
      let after = try disk.writes()
      #expect(after.merged > before.merged)
      let rows = Self.rows(try collector.collect(), of: workload.pid)
      let written = try #require(rows["\(disk.name) write"])
      let queued = try #require(rows["\(disk.name) write queued"])
      #expect(written.histogram.count == after.completed - before.completed)
      // Those that become a part of one that waits are never in the queue themselves.
      #expect(queued.histogram.count <= written.histogram.count)
      #expect(queued.histogram.max < 10_000_000_000)
    }
  }

  @Test func everyKindLoadsForTheWholeHost() throws {
    for kind in LatencyKind.allCases {
      let collector = try Self.collector(kind)
      try collector.start()
      usleep(50_000)
      let interval = try collector.collect()
      #expect(interval.durationNanoseconds > 40_000_000)
      #expect(interval.losses.lost == 0)
    }
  }

  @Test func aSlowPathIsInTheStackOfItsCall() throws {
    let workload = try TimedWorkload("service")
    let (sampler, collector) = try Self.collectorWithStacks(.syscalls, of: workload.pid)
    try sampler.start()
    try collector.start()
    try workload.begin()
    let end = ContinuousClock.now + .seconds(15)
    var count: UInt64 = 0
    while count < 2_000, ContinuousClock.now < end {
      let turn = ContinuousClock.now + .milliseconds(80)
      while ContinuousClock.now < turn { try sampler.poll(timeout: .milliseconds(10)) }
      for new in try collector.collect().rows where new.name == "clock_nanosleep" {
        count += new.histogram.count
      }
    }
    collector.stop()
    try sampler.stop()
    #expect(count == 2_000)
    let window = try #require(sampler.folder.windows.first)
    let profile = window.profile
    #expect(window.exemplars.count == profile.samples.count)
    #expect(profile.ledger.isBalanced)
    let slow = zip(window.exemplars, profile.samples).filter { facts, sample in
      collector.name(of: facts) == "clock_nanosleep" && sample.value > 75_000_000
    }
    #expect(slow.count >= 3)
    // One place in the program leads to all of them, and to no fast one: the slow function.
    let fast = profile.samples.filter { $0.value < 5_000_000 }
    #expect(try Self.sets(apart: slow.map(\.1), from: fast, in: profile, of: "service"))
  }

  @Test func aSlowRequestHasTheStackThatMadeIt() throws {
    let disk = try LoopDisk(megabytes: 16)
    let workload = try TimedWorkload("direct", [disk.path, "2000"])
    let (sampler, collector) = try Self.collectorWithStacks(.block, of: workload.pid) {
      // So that all are walked, be the disk as fast as it may.
      $0.exemplarsPerSecond = 10_000
    }
    try sampler.start()
    try collector.start()
    try workload.begin()
    let end = ContinuousClock.now + .seconds(15)
    var written: UInt64 = 0
    // What is slow for this disk is known after the first of these.
    while written < 2_000, ContinuousClock.now < end {
      try sampler.poll(timeout: .milliseconds(10))
      for new in try collector.collect().rows where new.name == "\(disk.name) write" {
        written += new.histogram.count
      }
    }
    collector.stop()
    try sampler.stop()
    let window = try #require(sampler.folder.windows.first)
    let profile = window.profile
    #expect(profile.ledger.isBalanced)
    func samples(_ operation: String) -> [Sample] {
      zip(window.exemplars, profile.samples).filter { facts, _ in
        collector.name(of: facts) == "\(disk.name) \(operation)"
      }.map(\.1)
        // The first may be walked before its program's tables are there.
        .filter { $0.incomplete == nil }
    }
    #expect(profile.ledger.complete * 2 >= profile.ledger.taken)
    let reads = samples("read")
    let writes = samples("write")
    #expect(!reads.isEmpty && !writes.isEmpty)
    #expect(try Self.sets(apart: reads, from: writes, in: profile, of: "direct"))
    #expect(try Self.sets(apart: writes, from: reads, in: profile, of: "direct"))
  }

  /// Whether a place in a program leads to all of some samples and to none of the others.
  private static func sets(
    apart some: [Sample], from others: [Sample], in profile: Profile, of program: String
  ) throws -> Bool {
    let mapping = try #require(
      profile.mappings.firstIndex { profile.strings[$0.path].hasSuffix(program) })
    func places(_ sample: Sample) -> Set<UInt64> {
      Set(
        profile.stacks[sample.stack].compactMap { number -> UInt64? in
          let location = profile.locations[Int(number)]
          return location.mapping == UInt32(mapping) ? location.offset : nil
        })
    }
    var common = try places(#require(some.first))
    for sample in some { common.formIntersection(places(sample)) }
    for sample in others { common.subtract(places(sample)) }
    return !common.isEmpty
  }
}
