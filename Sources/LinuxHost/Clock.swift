import Glibc

/// The two clocks that matter: one to order events, one to date them.
package enum Clock {
  /// Nanoseconds of `CLOCK_MONOTONIC`, the clock of BPF and of our perf events.
  package static func monotonic() -> UInt64 { now(CLOCK_MONOTONIC) }

  /// Nanoseconds since 1970-01-01 UTC.
  package static func wall() -> UInt64 { now(CLOCK_REALTIME) }

  private static func now(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
