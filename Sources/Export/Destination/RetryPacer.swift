import Synchronization

/// Lets all destinations of an agent together retry once a second at most.
///
/// Each of them backs off by itself; this bounds what many dead ones cost, and how often an agent
/// knocks at a server that has several names.
package final class RetryPacer: Sendable {
  private let free = Mutex(Duration.zero)
  private let interval: Duration

  package init(interval: Duration = .seconds(1)) { self.interval = interval }

  /// - Parameter now: the time since any fixed moment, the same for all who ask.
  /// - Returns: nil if the retry may begin now, else when to ask again.
  package func grant(at now: Duration) -> Duration? {
    free.withLock { free in
      guard now >= free else { return free }
      free = now + interval
      return nil
    }
  }
}
