import LinuxHost

/// The time as a delivery sees it, so that a day's outage can pass in a moment.
package struct DeliveryTime: Sendable {
  /// Since any fixed moment; never goes back.
  package var now: @Sendable () -> Duration
  /// Nanoseconds since 1970-01-01 UTC.
  package var unixNanoseconds: @Sendable () -> UInt64
  /// Returns early when the task is cancelled.
  package var sleep: @Sendable (Duration) async -> Void

  package init(
    now: @escaping @Sendable () -> Duration,
    unixNanoseconds: @escaping @Sendable () -> UInt64,
    sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.now = now
    self.unixNanoseconds = unixNanoseconds
    self.sleep = sleep
  }

  /// The host's clocks.
  package static let host = DeliveryTime(
    now: { .nanoseconds(Int64(clamping: LinuxHost.Clock.monotonic())) },
    unixNanoseconds: { LinuxHost.Clock.wall() },
    sleep: { try? await Task.sleep(for: $0) })
}
