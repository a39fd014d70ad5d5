import Foundation
import LinuxHost
import Synchronization
import Testing

@testable import Export

/// Disks that are full, read-only or slow: real file systems, so it needs root.
@Suite struct SpoolDiskTests {
  private static var limits: SpoolLimits {
    var limits = SpoolLimits()
    limits.patience = .seconds(30)
    limits.firstPause = .milliseconds(5)
    limits.longestPause = .milliseconds(20)
    return limits
  }

  private func open(_ disk: SmallDisk, _ limits: SpoolLimits = limits) throws -> Spool {
    try Spool(
      directory: disk.path + "/spool", limits: limits,
      destinations: [("a", everything), ("m", metrics)])
  }

  /// Waits until the spool has recovered by itself.
  private func recover(_ spool: Spool) -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while spool.figures.problem != nil || spool.figures.memoryBytes > 0 {
      guard ContinuousClock.now < end else { return false }
      usleep(5_000)
    }
    return true
  }

  @Test func aFullDiskLeavesMemoryThenDropsThenRecovers() throws {
    let disk = try SmallDisk()
    let spool = try open(disk)
    var outcomes: [SpoolOutcome: Int] = [:]
    let batches = (0..<480).map { Batch.numbered($0, bytes: 64 << 10) }
    for batch in batches {
      outcomes[spool.append(batch), default: 0] += 1
      #expect(spool.figures.memoryBytes <= 16 << 20)
    }
    // 8 MiB hold about 120 of them, 16 MiB of memory some 130 or more; the rest pushed older ones out.
    #expect((100..<128).contains(outcomes[.durable] ?? 0))
    #expect(outcomes[.memory] == 480 - (outcomes[.durable] ?? 0))
    let figures = spool.figures
    #expect(figures.problem?.hasSuffix("No space left on device (free some space)") == true)
    #expect(figures.isBalanced)
    let dropped = figures.destinations.map { $0.dropped[.memoryFull]?.records ?? 0 }
    #expect(dropped[0] == dropped[1] && dropped[0] > 80)
    // Both send; the room is used again without anybody's help.
    let sent = spool.drain("a")
    #expect(sent.count == 480 - Int(dropped[0]))
    #expect(sent == batches.filter(Set(sent).contains))
    #expect(spool.drain("m", atMost: 100).count == 100)
    #expect(spool.drain("m").count == sent.count - 100)
    #expect(recover(spool))
    #expect(spool.append(.numbered(1)) == .durable)
    #expect(spool.figures.isBalanced)
  }

  @Test func whatWaitedInMemoryGoesToDiskWhenOthersFreeSomeSpace() throws {
    let disk = try SmallDisk()
    let spool = try open(disk)
    let filler = disk.path + "/filler"
    #expect(spool.append(.numbered(0)) == .durable)
    // Up to the last block.
    #expect(throws: (any Error).self) {
      try Data(count: 9 << 20).write(to: URL(fileURLWithPath: filler))
    }
    let batches = (1...20).map { Batch.numbered($0, bytes: 40_000) }
    #expect(batches.map { spool.append($0) } == batches.map { _ in .memory })
    #expect(spool.figures.memoryBytes > 800_000)
    try FileManager.default.removeItem(atPath: filler)
    #expect(recover(spool))
    spool.close(within: .seconds(30))
    let again = try open(disk)
    #expect(again.drain("a").dropFirst() == batches[...])
    #expect(again.figures.damagedRecords == 0)
  }

  @Test func aReadOnlyDiskIsReadAndRecovers() throws {
    let disk = try SmallDisk()
    let batches = (0..<6).map { Batch.numbered($0) }
    do {
      let spool = try open(disk)
      #expect(spool.append(batches[0]) == .durable)
      #expect(spool.append(batches[1]) == .durable)
      #expect(spool.flush(within: .seconds(30)))
      try disk.remount("ro")
      #expect(spool.append(batches[2]) == .memory)
      #expect(
        spool.figures.problem?.hasSuffix(
          "Read-only file system (mount the file system writable, or name another directory)")
          == true)
      #expect(spool.next(for: "a") == batches[0])
      // One batch has nowhere to go.
      #expect(!spool.close(within: .seconds(30)))
    }
    // What was in memory is gone with the process; what was durable is there, though nothing can be
    // written.
    let spool = try open(disk)
    #expect(spool.append(batches[3]) == .memory)
    #expect(spool.drain("a") == [batches[0], batches[1], batches[3]])
    #expect(spool.append(batches[4]) == .memory)
    try disk.remount("rw")
    #expect(recover(spool))
    #expect(spool.append(batches[5]) == .durable)
    #expect(spool.drain("a") == [batches[4], batches[5]])
    #expect(spool.drain("m") == [batches[0], batches[1], batches[3], batches[4], batches[5]])
    #expect(spool.figures.isBalanced)
    #expect(spool.close(within: .seconds(30)))
  }

  /// A disk whose writes take as long as the test wants.
  private struct SlowFiles: SpoolFiles {
    let files: any SpoolFiles
    let gate: Gate

    final class Gate: Sendable {
      private let condition = NSCondition()
      private let isShut = Mutex(false)

      func shut() { isShut.withLock { $0 = true } }

      func open() {
        isShut.withLock { $0 = false }
        condition.broadcast()
      }

      func pass() {
        condition.lock()
        while isShut.withLock({ $0 }) { _ = condition.wait(until: .now + 0.01) }
        condition.unlock()
      }
    }

    private struct SlowFile: SpoolFile {
      let file: any SpoolFile
      let gate: Gate

      func write(_ bytes: [UInt8], from start: Int) throws(FileError) -> Int {
        gate.pass()
        return try file.write(bytes, from: start)
      }
      func truncate(to count: UInt64) throws(FileError) { try file.truncate(to: count) }
      func sync() throws(FileError) { try file.sync() }
    }

    func names() throws(FileError) -> [String] { try files.names() }
    func size(of name: String) throws(FileError) -> UInt64 { try files.size(of: name) }
    func openFile(_ name: String, _ opening: JournalDirectory.Opening) throws(FileError)
      -> any SpoolFile
    {
      SlowFile(file: try files.openFile(name, opening), gate: gate)
    }
    func read(_ name: String, at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
      try files.read(name, at: offset, count: count)
    }
    func rename(_ name: String, to other: String) throws(FileError) {
      try files.rename(name, to: other)
    }
    func remove(_ name: String) throws(FileError) { try files.remove(name) }
    func sync() throws(FileError) { try files.sync() }
  }

  @Test func aDiskThatHangsHoldsNobodyUp() throws {
    let folder = SpoolFolder()
    let files = SlowFiles(files: try JournalDirectory(folder.path), gate: SlowFiles.Gate())
    var limits = Self.limits
    limits.patience = .milliseconds(50)
    limits.memory = 1 << 20
    let spool = try Spool(limits: limits, destinations: [("a", everything)]) { files }
    files.gate.shut()
    // All this returns while the writer hangs, or the test does.
    let batches = (0..<200).map { Batch.numbered($0, bytes: 10_000) }
    for batch in batches { #expect(spool.append(batch) == .memory) }
    let figures = spool.figures
    #expect(figures.memoryBytes <= 1 << 20)
    #expect(figures.isBalanced)
    let dropped = Int(figures.destinations[0].dropped[.memoryFull]?.records ?? 0)
    #expect(dropped > 80)
    #expect(!spool.flush(within: .milliseconds(20)))
    // What is being written just then stays, and is sent from memory.
    let first = spool.drain("a", atMost: 3)
    #expect(first[0] == batches[0])
    files.gate.open()
    #expect(spool.flush(within: .seconds(30)))
    #expect(first.count + spool.drain("a").count == 200 - dropped)
    #expect(spool.figures.isBalanced)
    #expect(spool.figures.memoryBytes == 0)
    #expect(spool.close(within: .seconds(30)))
  }

  @Test func closingDoesNotWaitForADiskThatHangs() throws {
    let folder = SpoolFolder()
    let files = SlowFiles(files: try JournalDirectory(folder.path), gate: SlowFiles.Gate())
    var limits = Self.limits
    limits.patience = .milliseconds(1)
    let spool = try Spool(limits: limits, destinations: [("a", everything)]) { files }
    files.gate.shut()
    #expect(spool.append(.numbered(1)) == .memory)
    #expect(!spool.close(within: .milliseconds(50)))
    files.gate.open()
    #expect(spool.close(within: .seconds(30)))
    #expect(spool.figures.memoryBytes == 0)
  }
}
