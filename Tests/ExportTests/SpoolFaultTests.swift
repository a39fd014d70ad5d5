import Foundation
import LinuxHost
import Testing

@testable import Export

/// Spools on a disk that fails, with processes that are killed and hosts that lose power.
@Suite struct SpoolFaultTests {
  private static let destinations = [("a", everything), ("m", metrics)]

  /// What one spool went through over its lives, and what came out of it.
  private final class History {
    let disk = SimulatedDisk()
    var durable: [String: Set<BatchID>] = ["a": [], "m": []]
    var received: [String: Set<BatchID>] = ["a": [], "m": []]
    var starts = 0
    var number = 0
    var failures: [String] = []
    var random: Xorshift

    init(seed: UInt64) { random = Xorshift(seed: seed) }

    var lost: Int {
      durable.reduce(0) { $0 + $1.value.subtracting(received[$1.key] ?? []).count }
    }

    private var limits: SpoolLimits {
      var limits = SpoolLimits()
      limits.segment = 4_096
      limits.patience = .seconds(30)
      limits.firstPause = .microseconds(100)
      limits.longestPause = .microseconds(400)
      limits.cursorInterval = .zero
      return limits
    }

    func open(fault: @escaping @Sendable (Int) -> SimulatedDisk.Fault? = { _ in nil }) throws
      -> Spool
    {
      let files = disk.boot(fault: fault)
      let spool = try Spool(limits: limits, destinations: SpoolFaultTests.destinations) { files }
      starts += 1
      return spool
    }

    /// Appends batches, and has some sent.
    func work(_ spool: Spool, batches: Int) {
      for _ in 0..<batches {
        number += 1
        let topic: Topic = number % 3 == 0 ? .otlpProfiles : .otlpMetrics
        let bytes = Int.random(in: 50...2_500, using: &random)
        let batch = Batch.numbered(number, bytes: bytes, topic: topic)
        if spool.append(batch) == .durable {
          durable["a"]?.insert(batch.id)
          if topic == .otlpMetrics { durable["m"]?.insert(batch.id) }
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
          send(spool, Bool.random(using: &random) ? "a" : "m", atMost: 3)
        }
        check(spool)
      }
    }

    func send(_ spool: Spool, _ destination: String, atMost limit: Int) {
      for batch in spool.drain(destination, atMost: limit) {
        received[destination]?.insert(batch.id)
        let number = Int(batch.createdUnixNanoseconds)
        var expected = Batch.numbered(
          number, bytes: batch.body.count, topic: batch.topic)
        expected.id = batch.id
        if batch != expected { failures.append("batch \(number) came out otherwise") }
      }
    }

    func check(_ spool: Spool) {
      if !spool.figures.isBalanced { failures.append("not balanced: \(spool.figures)") }
    }

    /// The last life, on a disk that works: everything that is left is sent.
    func finish() throws {
      let spool = try open()
      for destination in ["a", "m"] { send(spool, destination, atMost: .max) }
      check(spool)
      // Everything is closed and gone, and nothing is left to be found.
      if !spool.close(within: .seconds(30)) { failures.append("not closed: \(spool.figures)") }
      if disk.bytes > 1_024 + spool.figures.quarantinedBytes { failures.append("files are left") }
    }
  }

  /// One life with one fault, an end, and a life to see what is left.
  private func live(
    failing operation: Int, _ fault: SimulatedDisk.Fault, _ ending: SimulatedDisk.Ending
  ) throws -> History {
    let history = History(seed: UInt64(operation) + 1)
    let spool = try history.open { $0 == operation ? fault : nil }
    history.work(spool, batches: 14)
    _ = spool.flush(within: .seconds(30))
    history.work(spool, batches: 2)
    history.disk.end(ending, using: &history.random)
    try history.finish()
    return history
  }

  @Test(arguments: SimulatedDisk.Fault.allCases)
  func everyOperationMayFailOnce(_ fault: SimulatedDisk.Fault) throws {
    let operations = try live(failing: 0, fault, .kill).disk.operations
    let probe = History(seed: 1)
    let spool = try probe.open()
    probe.work(spool, batches: 16)
    spool.flush(within: .seconds(30))
    let count = max(operations, probe.disk.operations)
    #expect(count > 60)
    var lost = 0
    var runs = 0
    for operation in 1...count {
      for ending in [SimulatedDisk.Ending.kill, .powerLoss] {
        let history = try live(failing: operation, fault, ending)
        #expect(history.failures.isEmpty, "operation \(operation), \(fault), \(ending)")
        lost += history.lost
        runs += 1
      }
    }
    #expect(lost == 0)
    print("spool: \(fault) at each of \(count) operations, \(runs) runs: \(lost) lost")
  }

  /// `WICK_FAULT_RUNS` is how many; each has four lives.
  private static let runs =
    ProcessInfo.processInfo.environment["WICK_FAULT_RUNS"].flatMap { Int($0) } ?? 100

  @Test func aDiskThatFailsAllTheTimeLosesNothingThatWasDurable() throws {
    var lost = 0
    var lives = 0
    var durable = 0
    for seed in 1...Self.runs {
      let history = History(seed: UInt64(seed))
      for _ in 0..<4 {
        let salt = UInt64.random(in: 1 ... .max, using: &history.random)
        let isHopeless = Bool.random(using: &history.random)
        let spool = try history.open { Self.fault(at: $0, salt: salt, isHopeless: isHopeless) }
        history.work(spool, batches: .random(in: 0..<20, using: &history.random))
        if Bool.random(using: &history.random) { _ = spool.flush(within: .milliseconds(5)) }
        history.disk.end(
          Bool.random(using: &history.random) ? .kill : .powerLoss, using: &history.random)
      }
      try history.finish()
      #expect(history.failures.isEmpty, "seed \(seed)")
      #expect(history.starts == 5)
      lost += history.lost
      lives += history.starts
      durable += history.durable.reduce(0) { $0 + $1.value.count }
    }
    #expect(lost == 0)
    #expect(durable > 10 * Self.runs)
    print("spool: \(Self.runs) runs, \(lives) starts, \(durable) durable, \(lost) lost")
  }

  /// One in twelve operations fails, and now and then all for a while.
  private static func fault(at operation: Int, salt: UInt64, isHopeless: Bool)
    -> SimulatedDisk.Fault?
  {
    if isHopeless, (20..<60).contains(operation) { return .full }
    var random = Xorshift(seed: salt &+ UInt64(operation) &* 0x9e37_79b9_7f4a_7c15)
    guard Int.random(in: 0..<12, using: &random) == 0 else { return nil }
    return SimulatedDisk.Fault.allCases.randomElement(using: &random)
  }
}

/// Random numbers that are the same each time.
struct Xorshift: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_f491_4f6c_dd1d
  }
}
