import Synchronization

@testable import Export

/// A clock that stands still while anybody does something, and then goes on to what is due next.
///
/// Those who do something are counted: up when they are woken, down when they sleep or say that they
/// rest.
final class SimulatedTime: Sendable {
  private struct Sleeper {
    let end: Duration
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var now = Duration.zero
    var busy = 0
    var tickets = 0
    var sleepers: [Int: Sleeper] = [:]
    var observer: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  /// 2026-11-21 12:00 UTC, at which the simulation begins.
  private static let startUnixNanoseconds: UInt64 = 1_795_262_400_000_000_000

  var now: Duration { state.withLock { $0.now } }

  var unixNanoseconds: UInt64 {
    Self.startUnixNanoseconds + UInt64(now / .nanoseconds(1))
  }

  /// As a delivery sees it.
  var forDelivery: DeliveryTime {
    DeliveryTime(
      now: { self.now }, unixNanoseconds: { self.unixNanoseconds },
      sleep: { await self.sleep($0) })
  }

  /// Somebody is woken.
  func begin() { state.withLock { $0.busy += 1 } }

  /// Somebody waits, without an end, to be woken.
  func rest() {
    let observer = state.withLock { state in
      state.busy -= 1
      return state.busy == 0 ? state.observer.take() : nil
    }
    observer?.resume()
  }

  /// Waits until everybody sleeps or rests.
  func quiet() async {
    await withCheckedContinuation { continuation in
      let isQuiet = state.withLock { state in
        if state.busy > 0 { state.observer = continuation }
        return state.busy == 0
      }
      if isQuiet { continuation.resume() }
    }
  }

  /// Sleeps until the clock is there, or the end of the task, which somebody else has woken then.
  func sleep(_ length: Duration) async {
    let ticket = state.withLock { state in
      state.tickets += 1
      return state.tickets
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isAsleep = state.withLock { state in
          guard !Task.isCancelled else { return false }
          state.sleepers[ticket] = Sleeper(end: state.now + length, continuation: continuation)
          return true
        }
        isAsleep ? rest() : continuation.resume()
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: ticket) }?.continuation.resume()
    }
  }

  /// Wakes one sleeper after the other whose time comes before that moment.
  func advance(to end: Duration) async {
    await quiet()
    while let sleeper = wakeNext(before: end) {
      sleeper.continuation.resume()
      await quiet()
    }
    state.withLock { $0.now = end }
  }

  private func wakeNext(before end: Duration) -> Sleeper? {
    state.withLock { state in
      // Of two the one that fell asleep first, so that it is the same each time.
      let next = state.sleepers.min { ($0.value.end, $0.key) < ($1.value.end, $1.key) }
      guard let next, next.value.end < end else { return nil }
      state.now = max(state.now, next.value.end)
      state.busy += 1
      return state.sleepers.removeValue(forKey: next.key)
    }
  }
}
