import Foundation
import LinuxHost
import Testing

@testable import Export

@Suite struct SpoolTests {
  private let folder = SpoolFolder()

  private func open(
    _ destinations: [(name: String, topics: TopicSet)] = [("a", everything)],
    limits: SpoolLimits = SpoolLimits()
  ) throws -> Spool {
    var limits = limits
    // The disk of the tests may be busy.
    limits.patience = .seconds(30)
    return try Spool(directory: folder.path, limits: limits, destinations: destinations)
  }

  @Test func batchesComeBackWholeAndInOrder() throws {
    let spool = try open()
    let batches = (0..<50).map { Batch.numbered($0, bytes: $0 * 100) }
    for batch in batches { #expect(spool.append(batch) == .durable) }
    #expect(spool.drain("a") == batches)
    #expect(spool.next(for: "a") == nil)
    let figures = spool.figures
    #expect(figures.isBalanced)
    #expect(figures.destinations[0].sent.records == 50)
    #expect(figures.destinations[0].sent.bytes == batches.reduce(0) { $0 + $1.byteCount })
    #expect(figures.destinations[0].sent.items == batches.reduce(0) { $0 + UInt64($1.items) })
  }

  @Test func theSameBatchIsGivenUntilItIsAcknowledged() throws {
    let spool = try open()
    let first = Batch.numbered(1)
    spool.append(first)
    spool.append(.numbered(2))
    #expect(spool.next(for: "a") == first)
    #expect(spool.next(for: "a") == first)
    #expect(!spool.acknowledge(BatchID.random(), by: "a"))
    #expect(!spool.acknowledge(first.id, by: "nobody"))
    #expect(spool.acknowledge(first.id, by: "a"))
    #expect(!spool.acknowledge(first.id, by: "a"))
    #expect(spool.figures(of: "a").sent.records == 1)
  }

  @Test func whatIsNotAcknowledgedIsThereAfterARestart() throws {
    let batches = (0..<10).map { Batch.numbered($0) }
    do {
      let spool = try open()
      for batch in batches { spool.append(batch) }
      #expect(spool.drain("a", atMost: 4) == Array(batches[..<4]))
      #expect(spool.close(within: .seconds(30)))
    }
    let spool = try open()
    let figures = spool.figures(of: "a")
    #expect(figures.produced.records == 6)
    #expect(figures.recovered == figures.produced)
    #expect(figures.queued == figures.produced)
    #expect(spool.drain("a") == Array(batches[4...]))
    #expect(spool.figures.isBalanced)
  }

  @Test func aDeadDestinationDoesNotBlockALiveOne() throws {
    let spool = try open([("live", everything), ("dead", everything)])
    let batches = (0..<20).map { Batch.numbered($0) }
    for batch in batches {
      spool.append(batch)
      #expect(spool.next(for: "dead") == batches[0])
      #expect(spool.drain("live") == [batch])
    }
    #expect(spool.figures(of: "dead").queued.records == 20)
    #expect(spool.figures(of: "live").queued.records == 0)
    #expect(spool.figures.isBalanced)
  }

  @Test func aDestinationIsGivenOnlyTheTopicsItWants() throws {
    let spool = try open([("a", everything), ("m", metrics)])
    let metric = Batch.numbered(1)
    let profile = Batch.numbered(2, topic: .otlpProfiles)
    for batch in [profile, metric, profile] { spool.append(batch) }
    #expect(spool.append(.numbered(3, topic: .profileFile)) == .unwanted)
    #expect(spool.drain("m") == [metric])
    #expect(spool.drain("a") == [profile, metric, profile])
    #expect(spool.figures(of: "m").produced.records == 1)
    #expect(spool.figures.isBalanced)
  }

  @Test func aSegmentLeavesWhenEverybodyIsDoneWithIt() throws {
    let spool = try open(
      [("a", everything), ("m", metrics)], limits: SpoolLimits(quota: 64 << 10))
    for number in 0..<16 { spool.append(.numbered(number, bytes: 1_000)) }
    #expect(folder.segments.count > 3)
    _ = spool.drain("a")
    #expect(spool.flush(within: .seconds(30)))
    #expect(folder.segments.count > 3)
    _ = spool.drain("m")
    #expect(spool.flush(within: .seconds(30)))
    #expect(folder.segments.count == 1)
    #expect(spool.close(within: .seconds(30)))
    #expect(folder.names == ["cursors"])
  }

  @Test func theQuotaDropsTheOldestAndCountsThem() throws {
    let limits = SpoolLimits(quota: 128 << 10)
    let spool = try open([("live", everything), ("dead", everything)], limits: limits)
    let batches = (0..<300).map { Batch.numbered($0, bytes: 1_500) }
    for batch in batches {
      #expect(spool.append(batch) == .durable)
      _ = spool.drain("live")
      #expect(spool.figures.isBalanced)
      #expect(spool.figures.diskBytes <= limits.quota)
    }
    #expect(spool.flush(within: .seconds(30)))
    #expect(folder.bytes <= limits.quota)
    let dead = spool.figures(of: "dead")
    #expect(dead.dropped.keys.sorted { $0.rawValue < $1.rawValue } == [.quota])
    #expect(dead.queued.records > 40)
    #expect(spool.drain("dead") == Array(batches.suffix(Int(dead.queued.records))))
    #expect(spool.figures(of: "live").sent.records == 300)
    #expect(spool.figures(of: "live").droppedTotal.records == 0)
  }

  @Test func aBatchThatHadToMakeRoomCannotBeAcknowledged() throws {
    let spool = try open(limits: SpoolLimits(quota: 64 << 10))
    spool.append(.numbered(0, bytes: 1_500))
    let first = try #require(spool.next(for: "a"))
    for number in 1..<100 { spool.append(.numbered(number, bytes: 1_500)) }
    #expect(!spool.acknowledge(first.id, by: "a"))
    #expect(spool.figures(of: "a").sent.records == 0)
    #expect(spool.figures.isBalanced)
  }

  @Test func aBatchThatIsTooLargeIsDroppedAndCounted() throws {
    var limits = SpoolLimits()
    limits.batch = 1_000
    let spool = try open(limits: limits)
    #expect(spool.append(.numbered(1, bytes: 2_000)) == .dropped(.tooLarge))
    #expect(spool.figures(of: "a").dropped[.tooLarge]?.records == 1)
    #expect(spool.figures.isBalanced)
  }

  @Test func aRefusedBatchIsCountedAsSuch() throws {
    let spool = try open()
    let batch = Batch.numbered(1)
    spool.append(batch)
    _ = spool.next(for: "a")
    #expect(spool.drop(batch.id, by: "a"))
    #expect(spool.next(for: "a") == nil)
    #expect(spool.figures(of: "a").dropped == [.refused: BatchCount(batch)])
    #expect(spool.figures.isBalanced)
  }

  @Test func destinationsComeAndGo() throws {
    let spool = try open([("a", everything), ("m", metrics)])
    let metric = Batch.numbered(1)
    let profile = Batch.numbered(2, topic: .otlpProfiles)
    for batch in [metric, profile] { spool.append(batch) }
    #expect(spool.drain("a") == [metric, profile])
    spool.setDestinations([("m", everything), ("new", metrics)])
    #expect(spool.next(for: "a") == nil)
    #expect(spool.figures(of: "m").recovered == BatchCount(profile))
    #expect(spool.figures.isBalanced)
    spool.setDestinations([("m", TopicSet([.otlpProfiles])), ("new", metrics)])
    #expect(spool.figures(of: "m").dropped == [.unsubscribed: BatchCount(metric)])
    #expect(spool.drain("m") == [profile])
    #expect(spool.drain("new") == [metric])
    #expect(spool.figures.isBalanced)
    #expect(spool.close(within: .seconds(30)))
    #expect(folder.names == ["cursors"])
  }

  @Test func aNewNameIsGivenWhatTheOldOneHadNotSent() throws {
    let batch = Batch.numbered(1)
    do {
      let spool = try open([("old", everything)])
      spool.append(batch)
      #expect(spool.close(within: .seconds(30)))
    }
    let spool = try open([("new", everything)])
    #expect(spool.drain("new") == [batch])
  }

  @Test func aSecondProcessIsToldWhoHasTheDirectory() throws {
    let spool = try open()
    #expect(throws: FileError.self) { try open() }
    do {
      _ = try open()
    } catch let error as FileError {
      #expect(error.isHeldByAnother)
      #expect(
        error.description
          == "cannot lock \(folder.path): Resource temporarily unavailable "
          + "(another wick uses it: stop that one, or name another directory)")
    }
    #expect(spool.close(within: .seconds(30)))
    _ = try open()
  }

  @Test func aDirectoryOfOthersLeavesMemoryAndSaysWhy() throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    var limits = SpoolLimits()
    limits.firstPause = .milliseconds(20)
    let spool = try open(limits: limits)
    let first = Batch.numbered(1)
    #expect(spool.append(first) == .memory)
    #expect(
      spool.figures.problem
        == "cannot open \(folder.path): Operation not permitted "
        + "(give wick a directory of its own with mode 700)")
    #expect(spool.drain("a") == [first])
    // It is used as soon as it can be.
    spool.append(.numbered(2))
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
    #expect(spool.flush(within: .seconds(30)))
    #expect(spool.figures.problem == nil)
    #expect(spool.append(.numbered(3)) == .durable)
    #expect(folder.segments.count == 1)
    #expect(spool.drain("a").count == 2)
    #expect(spool.figures.isBalanced)
  }

  @Test func aDirectoryThatIsRemovedIsMadeAgain() throws {
    var limits = SpoolLimits(quota: 64 << 10)
    limits.firstPause = .milliseconds(1)
    let spool = try open(limits: limits)
    for number in 0..<4 { spool.append(.numbered(number, bytes: 1_000)) }
    try FileManager.default.removeItem(atPath: folder.path)
    for number in 4..<16 { spool.append(.numbered(number, bytes: 1_000)) }
    while !spool.flush() {}
    #expect(spool.append(.numbered(16)) == .durable)
    let found = spool.drain("a").map(\.createdUnixNanoseconds)
    #expect(found == Array((UInt64(17) - UInt64(found.count))..<17))
    #expect(found.count >= 9)
    #expect(spool.figures(of: "a").dropped[.damaged]?.records == UInt64(17 - found.count))
    #expect(spool.figures.isBalanced)
  }

  @Test func whatLiesInTheDirectoryBesidesIsLeftAlone() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    for name in ["notes.txt", "segment-12", "segment-00000000000000x1", "segment-"] {
      try folder.write(Data([1]), to: name)
    }
    let spool = try open()
    #expect(spool.append(.numbered(1)) == .durable)
    #expect(folder.segments.count == 4)
    #expect(spool.drain("a").count == 1)
    #expect(spool.close(within: .seconds(30)))
    #expect(folder.names.count == 5)
  }
}
