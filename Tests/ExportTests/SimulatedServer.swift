import Synchronization
import Testing

@testable import Export

/// A server on a simulated clock, and what it got when.
final class SimulatedServer: Sendable {
  enum Condition {
    case works
    /// Nobody listens.
    case refuses
    /// Nothing comes back until the client has enough.
    case isSilent
    /// 503 with the wish to be left alone for five minutes.
    case isOverloaded
  }

  struct Arrival {
    let id: BatchID
    let time: Duration
    /// Since the batch was made.
    let age: Duration
    let bytes: UInt64
  }

  private struct State {
    var isAnswering = false
    var attempts: [Duration] = []
    var arrivals: [Arrival] = []
    var received = BatchCount()
  }

  private let time: SimulatedTime
  private let condition: @Sendable (Duration) -> Condition
  private let reading: AnswerReading
  private let state = Mutex(State())

  init(_ time: SimulatedTime, _ condition: @escaping @Sendable (Duration) -> Condition) throws {
    self.time = time
    self.condition = condition
    let url = try #require(DestinationURL("http://server:4318"))
    reading = AnswerReading(url: url, path: "/v1/metrics", secrets: [])
  }

  var isAnswering: Bool { state.withLock { $0.isAnswering } }
  var attempts: [Duration] { state.withLock { $0.attempts } }
  var arrivals: [Arrival] { state.withLock { $0.arrivals } }
  var received: BatchCount { state.withLock { $0.received } }

  func answer(_ batch: Batch) async -> DeliveryOutcome {
    state.withLock { state in
      state.isAnswering = true
      state.attempts.append(time.now)
    }
    defer { state.withLock { $0.isAnswering = false } }
    switch condition(time.now) {
    case .works:
      await time.sleep(.milliseconds(2))
      take(batch)
      return outcome(HTTPAnswer(status: 200))
    case .refuses: return reading.outcome(of: HTTPFailure("connection refused"))
    case .isSilent:
      await time.sleep(.seconds(10))
      return reading.outcome(of: HTTPFailure("no answer"))
    case .isOverloaded:
      await time.sleep(.milliseconds(2))
      return outcome(HTTPAnswer(status: 503, retryAfter: "300"))
    }
  }

  private func outcome(_ answer: HTTPAnswer) -> DeliveryOutcome {
    reading.outcome(of: answer, unixNanoseconds: time.unixNanoseconds)
  }

  private func take(_ batch: Batch) {
    let age = time.unixNanoseconds - batch.createdUnixNanoseconds
    let arrival = Arrival(
      id: batch.id, time: time.now, age: .nanoseconds(age), bytes: batch.byteCount)
    state.withLock { state in
      state.arrivals.append(arrival)
      state.received += BatchCount(batch)
    }
  }
}
