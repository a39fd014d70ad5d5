/// When a destination is tried again, and how fast.
package struct DeliveryPolicy: Hashable, Sendable {
  /// The shortest wait after any failure.
  package var shortestBackoff = Duration.seconds(1)
  /// The longest wait after the first failure; it doubles with each further one.
  package var firstBackoff = Duration.seconds(2)
  package var longestBackoff = Duration.seconds(120)
  /// A server may ask for more: a typing error there must not keep us silent for a day.
  package var longestRetryAfter = Duration.seconds(600)
  package var bytesPerSecond = 4 << 20
  /// What a request costs at least, so that a queue of tiny batches is no hail of requests.
  package var leastBytes = 16 << 10
  /// A batch over which the server fails is given up after both: so long, and so many attempts.
  ///
  /// One poisoned batch would else hold up all that come after it.
  package var patience = Duration.seconds(3_600)
  package var patienceAttempts = 10

  package init() {}

  /// Exponential backoff with full jitter: anything from the shortest wait to a limit that doubles.
  ///
  /// - Parameters:
  ///   - failures: those in a row, 1 after the first.
  ///   - delay: what the server asked for.
  ///   - fraction: chance, at least 0 and less than 1.
  /// - Returns: how long to wait before the next attempt.
  package func wait(failures: Int, asked delay: Duration?, fraction: Double) -> Duration {
    let doublings = min(max(failures, 1) - 1, 20)
    let limit = min(longestBackoff, firstBackoff * (1 << doublings))
    let backoff = shortestBackoff + max(.zero, limit - shortestBackoff) * fraction
    guard let delay else { return backoff }
    // All who were sent away at the same time must not come back at the same time.
    return max(backoff, min(delay, longestRetryAfter) + min(limit, .seconds(10)) * fraction)
  }
}
