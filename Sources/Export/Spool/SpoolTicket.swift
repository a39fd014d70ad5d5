import Dispatch
import Synchronization

/// Tells the one who appended a batch what became of it.
final class SpoolTicket: Sendable {
  private let outcome = Mutex<SpoolOutcome?>(nil)
  private let resolved = DispatchSemaphore(value: 0)

  /// The first answer counts.
  func resolve(_ answer: SpoolOutcome) {
    let isFirst = outcome.withLock { outcome in
      defer { outcome = outcome ?? answer }
      return outcome == nil
    }
    if isFirst { resolved.signal() }
  }

  /// The answer, or nil if there is none in time; to be called once.
  func wait(_ patience: Duration) -> SpoolOutcome? {
    _ = resolved.wait(timeout: .after(patience))
    return outcome.withLock { $0 }
  }
}
