import Synchronization

/// Takes batches out of a queue and sends them to one destination, for as long as the agent lives.
///
/// Destinations do not wait for each other: each has a loop of its own.
package final class DeliveryLoop: Sendable {
  private struct State {
    var machine: DeliveryMachine
    var isRunning = false
    var hasEnded = false
    /// When the batch that is being sent was begun; nil while none is.
    var sendingSince: Duration?
  }

  private let source: DeliverySource
  private let send: @Sendable (Batch) async -> DeliveryOutcome
  private let interrupt: @Sendable () -> Void
  private let tell: @Sendable (DeliveryEvent) -> Void
  private let time: DeliveryTime
  private let state: Mutex<State>
  private let bell = Bell()
  private let end = Bell()

  /// - Parameters:
  ///   - source: the queue.
  ///   - send: sends one batch; has a time limit of its own.
  ///   - interrupt: ends what `send` does at once; nothing is sent after it.
  ///   - machine: when to send.
  ///   - time: the clocks.
  ///   - tell: gets what may be logged; must not wait.
  package init(
    from source: DeliverySource, send: @escaping @Sendable (Batch) async -> DeliveryOutcome,
    interrupt: @escaping @Sendable () -> Void, machine: DeliveryMachine,
    time: DeliveryTime = .host, tell: @escaping @Sendable (DeliveryEvent) -> Void = { _ in }
  ) {
    self.source = source
    self.send = send
    self.interrupt = interrupt
    self.time = time
    self.tell = tell
    state = Mutex(State(machine: machine))
  }

  package convenience init(
    from source: DeliverySource, to destination: HTTPDestination, pacer: RetryPacer,
    time: DeliveryTime = .host, tell: @escaping @Sendable (DeliveryEvent) -> Void = { _ in }
  ) {
    self.init(
      from: source, send: { await destination.send($0) }, interrupt: { destination.close() },
      machine: DeliveryMachine(destination.policy, pacer: pacer), time: time, tell: tell)
  }

  package var figures: DestinationFigures { state.withLock { $0.machine.figures } }

  /// For how long the batch at hand has been being sent; nil while none is.
  package var sendingTime: Duration? {
    let since = state.withLock(\.sendingSince)
    return since.map { time.now() - $0 }
  }

  /// Something was appended to the queue.
  package func wake() { bell.ring() }

  /// Sends until `stop`, or until its task is cancelled; to be called once.
  package func run() async {
    let mayRun = state.withLock { state in
      defer { state.isRunning = true }
      return !state.isRunning && !state.hasEnded
    }
    guard mayRun else { return }
    while !Task.isCancelled {
      var step = state.withLock { $0.machine.step(at: time.now()) }
      if step == .fetch {
        if let batch = await source.next() {
          await deliver(batch)
          continue
        }
        step = state.withLock { $0.machine.stepWithoutBatch() }
      }
      guard case .wait(let moment) = step else { break }
      await wait(until: moment)
    }
    interrupt()
    state.withLock { $0.hasEnded = true }
    end.ring()
  }

  private func wait(until moment: Duration?) async {
    guard let moment else { return await bell.wait() }
    let length = max(.zero, moment - time.now())
    let sleep = time.sleep
    await bell.wait(atMost: { await sleep(length) })
  }

  private func deliver(_ batch: Batch) async {
    state.withLock { state in
      state.machine.began(batch, at: time.now())
      state.sendingSince = time.now()
    }
    let interrupt = interrupt
    let outcome = await withTaskCancellationHandler {
      await send(batch)
    } onCancel: {
      interrupt()
    }
    let (disposition, events) = state.withLock { state in
      state.sendingSince = nil
      return state.machine.ended(
        outcome, of: batch, at: time.now(), unixNanoseconds: time.unixNanoseconds())
    }
    switch disposition {
    case .acknowledge: await source.acknowledge(batch.id)
    case .drop(let reason): await source.drop(batch.id, reason)
    case .keep: break
    }
    for event in events { tell(event) }
  }

  /// Sends what is queued, for so long at most, and ends the loop.
  ///
  /// What is not through by then stays in the queue.
  package func stop(within limit: Duration) async {
    let mustWait = state.withLock { state in
      state.machine.stop(by: time.now() + limit)
      return state.isRunning && !state.hasEnded
    }
    guard mustWait else {
      interrupt()
      return state.withLock { $0.hasEnded = true }
    }
    bell.ring()
    let sleep = time.sleep
    let interrupt = interrupt
    let timer = Task {
      await sleep(limit)
      if !Task.isCancelled { interrupt() }
    }
    defer { timer.cancel() }
    // The queue's disk may hang; it is not waited for.
    await end.wait(atMost: { await sleep(limit + Self.grace) })
  }

  /// What a loop may take to end after what it sends was interrupted.
  private static let grace = Duration.milliseconds(500)
}
