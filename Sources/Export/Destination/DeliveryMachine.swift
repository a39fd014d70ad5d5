/// Decides when a destination's next batch is sent; knows neither clocks, nor threads, nor sockets.
///
/// Times are durations since any fixed moment. A batch is not kept while it waits: it stays in its
/// queue, which may drop it, and is fetched again for the next attempt.
package struct DeliveryMachine: Sendable {
  package enum Step: Hashable, Sendable {
    /// Take a batch from the queue and send it.
    case fetch
    /// Nothing is to be done until then, or until something is appended: nil is no time at all.
    case wait(until: Duration?)
    case finished
  }

  /// What becomes of a batch that was sent.
  package enum Disposition: Hashable, Sendable {
    case acknowledge
    case keep
    case drop(reason: String)
  }

  /// The batch that the server failed over, again and again.
  private struct Suspect {
    var id: BatchID
    var since: Duration
    var attempts: Int
  }

  package private(set) var figures = DestinationFigures()
  private let policy: DeliveryPolicy
  private let pacer: RetryPacer
  private let fraction: @Sendable () -> Double
  private var nextAttempt = Duration.zero
  /// When everything sent so far would be through at the allowed rate.
  private var paidUntil = Duration.zero
  private var failingSince: Duration?
  private var suspect: Suspect?
  private var stopsAt: Duration?

  /// How much may be sent at once before the rate is enforced.
  private static let burst = Duration.seconds(1)

  /// - Parameters:
  ///   - policy: waits and rates.
  ///   - pacer: shared by all destinations of the agent.
  ///   - fraction: chance, at least 0 and less than 1.
  package init(
    _ policy: DeliveryPolicy, pacer: RetryPacer,
    fraction: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) {
    self.policy = policy
    self.pacer = pacer
    self.fraction = fraction
  }

  /// Sends what is queued, but begins nothing after that time.
  package mutating func stop(by time: Duration) { stopsAt = min(stopsAt ?? time, time) }

  /// Counts nothing, but takes the turn to retry if it says `fetch` after a failure.
  package mutating func step(at now: Duration) -> Step {
    if let stopsAt, now >= stopsAt { return finish() }
    var due = max(nextAttempt, paidUntil - Self.burst)
    if figures.consecutiveFailures > 0, due <= now, let turn = pacer.grant(at: now) { due = turn }
    guard due > now else { return .fetch }
    if let stopsAt, due >= stopsAt { return finish() }
    return .wait(until: due)
  }

  /// What to do when the queue is empty.
  package mutating func stepWithoutBatch() -> Step {
    stopsAt == nil ? .wait(until: nil) : finish()
  }

  private mutating func finish() -> Step {
    figures.state = .stopped
    figures.nextAttemptUnixNanoseconds = nil
    return .finished
  }

  package mutating func began(_ batch: Batch, at now: Duration) {
    figures.requests += 1
    if figures.consecutiveFailures > 0 { figures.retries += 1 }
    let bytes = max(policy.leastBytes, batch.body.count)
    let cost = Duration.seconds(Double(bytes) / Double(max(1, policy.bytesPerSecond)))
    paidUntil = max(paidUntil, now) + cost
  }

  /// - Parameters:
  ///   - outcome: how it went.
  ///   - batch: what was sent.
  ///   - now: the time since the same moment as everywhere here.
  ///   - unixNanoseconds: the time since 1970-01-01 UTC.
  /// - Returns: what to do with the batch, and what is worth telling.
  package mutating func ended(
    _ outcome: DeliveryOutcome, of batch: Batch, at now: Duration, unixNanoseconds: UInt64
  ) -> (Disposition, [DeliveryEvent]) {
    switch outcome {
    case .accepted(let rejected, let message):
      var events = succeeded(at: now, unixNanoseconds: unixNanoseconds)
      let rejected = min(rejected, UInt64(batch.items))
      figures.acceptedBatches += 1
      figures.acceptedBytes += batch.byteCount
      figures.acceptedItems += UInt64(batch.items) - rejected
      figures.rejectedItems += rejected
      if rejected > 0 || message != nil {
        figures.lastRejection = message
        events.append(.rejected(batch.id, items: rejected, message: message))
      }
      return (.acknowledge, events)
    case .dropped(let reason):
      // The server works: it has looked at the batch and does not want it.
      let events = succeeded(at: now, unixNanoseconds: nil)
      figures.state = .refusing
      return drop(batch, reason: reason, at: unixNanoseconds, after: events)
    case .later(let refusal):
      let events = failed(refusal, at: now, unixNanoseconds: unixNanoseconds)
      guard refusal.suspectsBatch, isPoisoned(batch.id, at: now) else { return (.keep, events) }
      suspect = nil
      return drop(
        batch, reason: "given up: \(refusal.reason)", at: unixNanoseconds, after: events)
    }
  }

  private mutating func drop(
    _ batch: Batch, reason: String, at unixNanoseconds: UInt64, after events: [DeliveryEvent]
  ) -> (Disposition, [DeliveryEvent]) {
    figures.lastDropUnixNanoseconds = unixNanoseconds
    figures.droppedBatches += 1
    figures.droppedItems += UInt64(batch.items)
    figures.lastDrop = reason
    return (
      .drop(reason: reason), events + [.dropped(batch.id, items: batch.items, reason: reason)]
    )
  }

  private mutating func succeeded(at now: Duration, unixNanoseconds: UInt64?) -> [DeliveryEvent] {
    let failures = figures.consecutiveFailures
    let began = failingSince
    figures.state = .ok
    figures.consecutiveFailures = 0
    figures.nextAttemptUnixNanoseconds = nil
    if let unixNanoseconds { figures.lastSuccessUnixNanoseconds = unixNanoseconds }
    failingSince = nil
    suspect = nil
    nextAttempt = now
    guard failures > 0 else { return [] }
    return [.recovered(failures: failures, after: now - (began ?? now))]
  }

  private mutating func failed(
    _ refusal: DeliveryOutcome.Refusal, at now: Duration, unixNanoseconds: UInt64
  ) -> [DeliveryEvent] {
    let isFirst = figures.consecutiveFailures == 0
    figures.state = .failing
    figures.failures += 1
    figures.consecutiveFailures += 1
    figures.lastError = refusal.reason
    figures.lastErrorUnixNanoseconds = unixNanoseconds
    if isFirst { failingSince = now }
    let wait = policy.wait(
      failures: figures.consecutiveFailures, asked: refusal.delay, fraction: fraction())
    nextAttempt = now + wait
    figures.nextAttemptUnixNanoseconds = unixNanoseconds &+ UInt64(max(0, wait / .nanoseconds(1)))
    return isFirst ? [.failing(reason: refusal.reason)] : []
  }

  /// Whether the server has failed over one batch for so long that it is given up.
  private mutating func isPoisoned(_ id: BatchID, at now: Duration) -> Bool {
    var current = suspect ?? Suspect(id: id, since: now, attempts: 0)
    if current.id != id { current = Suspect(id: id, since: now, attempts: 0) }
    current.attempts += 1
    suspect = current
    return current.attempts >= policy.patienceAttempts && now - current.since >= policy.patience
  }
}
