import Dispatch
import ProfileModel
import Synchronization

/// What the sampling thread has handed over and nobody has taken yet.
///
/// It is bounded: when windows come faster than they can be named and written, the new ones are
/// dropped and counted.
final class WindowQueue: Sendable {
  private struct State {
    var events: [ContinuousSampler.Event] = []
    var windows = 0
    var overrun: [String: Ledger] = [:]
  }

  private let state = Mutex(State())
  private let news = DispatchSemaphore(value: 0)

  /// Windows that wait; each holds a window's stacks.
  private static let limit = 6

  func append(_ event: ContinuousSampler.Event) {
    state.withLock { state in
      if case .window(let window) = event {
        guard state.windows < Self.limit else {
          state.overrun[window.event, default: Ledger()]
            .drop(all: window.profile.ledger, for: .windowOverrun)
          return
        }
        state.windows += 1
      }
      state.events.append(event)
    }
    news.signal()
  }

  /// The oldest event, waited for; nil after a tenth of a second.
  func next() -> ContinuousSampler.Event? {
    _ = news.wait(timeout: .now() + .milliseconds(100))
    return state.withLock { state in
      guard !state.events.isEmpty else { return nil }
      let event = state.events.removeFirst()
      if case .window = event { state.windows -= 1 }
      return event
    }
  }

  /// Whether a window waits.
  var hasWindows: Bool { state.withLock { $0.windows > 0 } }

  /// The ledgers, by event, of the windows that were dropped since this was last called.
  func takeOverrun() -> [String: Ledger] {
    state.withLock { state in
      defer { state.overrun = [:] }
      return state.overrun
    }
  }
}
