import Synchronization
import Testing

@testable import Export

/// The loop that joins a queue and a destination.
@Suite(.timeLimit(.minutes(3))) struct LoopTests {
  private static func loop(
    _ queue: MemoryQueue, policy: DeliveryPolicy = DeliveryPolicy(),
    interrupt: @escaping @Sendable () -> Void = {},
    tell: @escaping @Sendable (DeliveryEvent) -> Void = { _ in },
    send: @escaping @Sendable (Batch) async -> DeliveryOutcome
  ) -> DeliveryLoop {
    DeliveryLoop(
      from: queue.source, send: send, interrupt: interrupt,
      machine: DeliveryMachine(policy, pacer: RetryPacer(interval: .zero), fraction: { 0 }),
      tell: tell)
  }

  private static let accepted = DeliveryOutcome.accepted(rejected: 0, message: nil)

  @Test func batchesAreSentInOrderAndThoseThatComeLater() async {
    let queue = MemoryQueue([.test(), .test()])
    let first = queue.waiting
    let sent = Collected<BatchID>()
    let loop = Self.loop(queue) { batch in
      sent.append(batch.id)
      return Self.accepted
    }
    let task = Task { await loop.run() }
    while queue.acknowledged.count < 2 { await Task.yield() }
    #expect(sent.all == first)
    let later = Batch.test()
    queue.append(later)
    loop.wake()
    while queue.acknowledged.count < 3 { await Task.yield() }
    #expect(sent.all == first + [later.id])
    await loop.stop(within: .seconds(30))
    await task.value
    #expect(loop.figures.state == .stopped && loop.figures.acceptedBatches == 3)
  }

  @Test func stoppingFlushesWhatIsQueued() async {
    let queue = MemoryQueue((0..<20).map { _ in .test() })
    let loop = Self.loop(queue) { _ in
      try? await Task.sleep(for: .milliseconds(1))
      return Self.accepted
    }
    let task = Task { await loop.run() }
    await loop.stop(within: .seconds(30))
    await task.value
    // If the loop had not begun, there was nothing to wait for.
    #expect(queue.waiting.isEmpty || queue.acknowledged.isEmpty)
    #expect(queue.waiting.count + queue.acknowledged.count == 20)
  }

  @Test func stoppingInterruptsAServerThatDoesNotAnswer() async {
    let queue = MemoryQueue([.test()])
    let bell = Bell()
    let began = Bell()
    let loop = Self.loop(queue, interrupt: { bell.ring() }) { _ in
      began.ring()
      await bell.wait()
      return .later(.init(reason: "interrupted"))
    }
    let task = Task { await loop.run() }
    await began.wait()
    await loop.stop(within: .milliseconds(50))
    await task.value
    #expect(queue.waiting.count == 1 && queue.acknowledged.isEmpty && queue.dropped.isEmpty)
  }

  @Test func theEndOfTheTaskIsTheEndOfTheLoop() async {
    let queue = MemoryQueue()
    let loop = Self.loop(queue) { _ in Self.accepted }
    let task = Task { await loop.run() }
    task.cancel()
    await task.value
    // Nothing runs any more, so that there is nothing to wait for.
    await loop.stop(within: .seconds(3_600))
    // One that never ran neither.
    await Self.loop(queue) { _ in Self.accepted }.stop(within: .seconds(3_600))
  }

  @Test func aBatchIsDroppedWithItsReasonAndTheNextOneIsSent() async {
    let queue = MemoryQueue([.test(), .test()])
    let ids = queue.waiting
    let told = Collected<DeliveryEvent>()
    let loop = Self.loop(queue, tell: { told.append($0) }) { batch in
      batch.id == ids[0] ? .dropped(reason: "404") : Self.accepted
    }
    let task = Task { await loop.run() }
    while queue.acknowledged.isEmpty { await Task.yield() }
    await loop.stop(within: .seconds(30))
    await task.value
    #expect(queue.dropped == [ids[0]: "404"] && queue.acknowledged == [ids[1]])
    #expect(told.all == [.dropped(ids[0], items: 10, reason: "404")])
  }

  @Test func aBatchThatLeftTheQueueIsNotSentAgain() async {
    let queue = MemoryQueue([.test(), .test()])
    let ids = queue.waiting
    let sent = Collected<BatchID>()
    var policy = DeliveryPolicy()
    policy.shortestBackoff = .zero
    let loop = Self.loop(queue, policy: policy) { batch in
      sent.append(batch.id)
      // The quota takes the oldest while it is on its way.
      if batch.id == ids[0] { await queue.source.drop(ids[0], "quota") }
      return batch.id == ids[0] ? .later(.init(reason: "down")) : Self.accepted
    }
    let task = Task { await loop.run() }
    while queue.acknowledged.isEmpty { await Task.yield() }
    await loop.stop(within: .seconds(30))
    await task.value
    #expect(sent.all == ids)
  }
}
