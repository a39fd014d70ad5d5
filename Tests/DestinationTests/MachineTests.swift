import Testing

@testable import Export

/// When batches are sent, without clocks, threads and sockets.
@Suite struct MachineTests {
  private static let half: @Sendable () -> Double = { 0.5 }

  private static func machine(_ policy: DeliveryPolicy = DeliveryPolicy()) -> DeliveryMachine {
    DeliveryMachine(policy, pacer: RetryPacer(interval: .zero), fraction: half)
  }

  private static func refusal(_ delay: Duration? = nil, suspects: Bool = false) -> DeliveryOutcome {
    .later(.init(reason: "down", delay: delay, suspectsBatch: suspects))
  }

  @Test func waitsDoubleUpToALimit() {
    let policy = DeliveryPolicy()
    let middles = (1...9).map { policy.wait(failures: $0, asked: nil, fraction: 0.5) * 2 }
    #expect(middles == [3, 5, 9, 17, 33, 65, 121, 121, 121].map { .seconds($0) })
    #expect(policy.wait(failures: .max, asked: nil, fraction: 0.5) == .milliseconds(60_500))
    #expect(policy.wait(failures: 9, asked: nil, fraction: 0) == .seconds(1))
  }

  @Test func aServerIsLeftAloneForAsLongAsItAsksWithinReason() {
    let policy = DeliveryPolicy()
    #expect(policy.wait(failures: 1, asked: .seconds(90), fraction: 0) == .seconds(90))
    #expect(policy.wait(failures: 9, asked: .seconds(90), fraction: 0.5) == .seconds(95))
    #expect(policy.wait(failures: 9, asked: .seconds(1), fraction: 0.5) == .milliseconds(60_500))
    #expect(policy.wait(failures: 1, asked: .seconds(999_999_999), fraction: 0) == .seconds(600))
  }

  @Test func aFailedBatchStaysAndIsTriedAgainLater() {
    var machine = Self.machine()
    let batch = Batch.test()
    #expect(machine.step(at: .seconds(1)) == .fetch)
    machine.began(batch, at: .seconds(1))
    let (disposition, events) = machine.ended(
      Self.refusal(), of: batch, at: .seconds(2), unixNanoseconds: 7_000_000_000)
    #expect(disposition == .keep && events == [.failing(reason: "down")])
    #expect(machine.step(at: .seconds(2)) == .wait(until: .milliseconds(3_500)))
    #expect(machine.figures.state == .failing)
    #expect(machine.figures.nextAttemptUnixNanoseconds == 8_500_000_000)
    #expect(machine.step(at: .milliseconds(3_500)) == .fetch)
    machine.began(batch, at: .milliseconds(3_500))
    let (again, told) = machine.ended(
      .accepted(rejected: 4, message: "old"), of: batch, at: .seconds(4), unixNanoseconds: 9)
    #expect(again == .acknowledge)
    #expect(
      told == [
        .recovered(failures: 1, after: .seconds(2)),
        .rejected(batch.id, items: 4, message: "old"),
      ])
    let figures = machine.figures
    #expect(figures.requests == 2 && figures.retries == 1 && figures.failures == 1)
    #expect(figures.acceptedItems == 6 && figures.rejectedItems == 4)
    #expect(figures.state == .ok && figures.lastSuccessUnixNanoseconds == 9)
  }

  @Test func anOutageIsToldOfOnce() {
    var machine = Self.machine()
    let batch = Batch.test()
    let told = (0..<50).flatMap { round in
      machine.ended(
        Self.refusal(), of: batch, at: .seconds(200 * round), unixNanoseconds: 0
      ).1
    }
    #expect(told == [.failing(reason: "down")])
  }

  @Test func aServerCannotRejectMoreThanItWasSent() {
    var machine = Self.machine()
    _ = machine.ended(
      .accepted(rejected: .max, message: nil), of: .test(), at: .zero, unixNanoseconds: 0)
    #expect(machine.figures.rejectedItems == 10 && machine.figures.acceptedItems == 0)
  }

  @Test func anOutageNeverCostsABatch() {
    var machine = Self.machine()
    let batch = Batch.test()
    for minute in 0..<3_000 {
      let (disposition, _) = machine.ended(
        Self.refusal(), of: batch, at: .seconds(60 * minute), unixNanoseconds: 0)
      #expect(disposition == .keep)
    }
  }

  @Test func aBatchOverWhichTheServerFailsIsGivenUpAfterAnHour() {
    var machine = Self.machine()
    let batch = Batch.test()
    var attempts = 0
    var minute = 0
    while true {
      let (disposition, events) = machine.ended(
        Self.refusal(suspects: true), of: batch, at: .seconds(60 * minute), unixNanoseconds: 0)
      attempts += 1
      guard disposition == .keep else {
        #expect(disposition == .drop(reason: "given up: down"))
        #expect(events == [.dropped(batch.id, items: 10, reason: "given up: down")])
        break
      }
      minute += 5
      guard attempts < 100 else { break }
    }
    #expect(attempts == 13)
    #expect(machine.figures.droppedItems == 10)
    // The next one begins anew.
    let (disposition, _) = machine.ended(
      Self.refusal(suspects: true), of: .test(), at: .seconds(3_700), unixNanoseconds: 0)
    #expect(disposition == .keep)
  }

  @Test func theRateIsKeptWhileAQueueIsWorkedOff() {
    var policy = DeliveryPolicy()
    policy.bytesPerSecond = 1 << 20
    var machine = Self.machine(policy)
    let batch = Batch.test([UInt8](repeating: 0, count: 1 << 18))
    var now = Duration.zero
    var sent = 0
    while now < .seconds(60) {
      switch machine.step(at: now) {
      case .fetch:
        machine.began(batch, at: now)
        now += .milliseconds(1)
        _ = machine.ended(
          .accepted(rejected: 0, message: nil), of: batch, at: now, unixNanoseconds: 0)
        sent += 1
      case .wait(let until?): now = until
      default: return #expect(Bool(false))
      }
    }
    // A minute's worth, and the burst of a second.
    #expect((240...245).contains(sent))
  }

  @Test func manyDestinationsRetryOnceASecondTogether() {
    let pacer = RetryPacer()
    #expect(pacer.grant(at: .seconds(5)) == nil)
    #expect(pacer.grant(at: .seconds(5)) == .seconds(6))
    #expect(pacer.grant(at: .milliseconds(5_999)) == .seconds(6))
    #expect(pacer.grant(at: .seconds(6)) == nil)
  }

  @Test func stoppingSendsWhatIsQueuedAndBeginsNothingLate() {
    var machine = Self.machine()
    #expect(machine.stepWithoutBatch() == .wait(until: nil))
    machine.stop(by: .seconds(10))
    #expect(machine.step(at: .seconds(9)) == .fetch)
    _ = machine.ended(Self.refusal(.seconds(5)), of: .test(), at: .seconds(9), unixNanoseconds: 0)
    // The server wants to be left alone for longer than there is time.
    #expect(machine.step(at: .seconds(9)) == .finished)
    #expect(machine.figures.state == .stopped)
    var empty = Self.machine()
    empty.stop(by: .seconds(10))
    #expect(empty.stepWithoutBatch() == .finished)
    var late = Self.machine()
    late.stop(by: .seconds(10))
    #expect(late.step(at: .seconds(10)) == .finished)
  }
}
