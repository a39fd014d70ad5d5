import CLinux
import Glibc

/// The clocks that matter: one to order events, one to date them, one for what they cost.
package enum Clock {
  /// Nanoseconds of `CLOCK_MONOTONIC`, the clock of BPF and of our perf events.
  package static func monotonic() -> UInt64 { now(CLOCK_MONOTONIC) }

  /// Nanoseconds since 1970-01-01 UTC.
  package static func wall() -> UInt64 { now(CLOCK_REALTIME) }

  /// Nanoseconds of CPU time that the calling thread has used; reading it is a system call.
  package static func threadCPU() -> UInt64 { now(CLOCK_THREAD_CPUTIME_ID) }

  /// Waits a millisecond.
  package static func pause() { usleep(1_000) }

  /// Waits for so long, but not for more than a second.
  package static func pause(nanoseconds: UInt64) {
    usleep(UInt32(clamping: min(nanoseconds / 1_000, 1_000_000)))
  }

  /// The local time for a file name: `20261120-231500`.
  package static func localStamp() -> String {
    var seconds = time(nil)
    var local = unsafe tm()
    unsafe localtime_r(&seconds, &local)
    func padded(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = unsafe "\(local.tm_year + 1_900)\(padded(local.tm_mon + 1))\(padded(local.tm_mday))"
    return unsafe "\(day)-\(padded(local.tm_hour))\(padded(local.tm_min))\(padded(local.tm_sec))"
  }

  private static func now(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
