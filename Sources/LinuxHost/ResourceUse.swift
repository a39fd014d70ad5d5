import CLinux
import Glibc

/// What this process has cost so far.
package struct ResourceUse: Sendable {
  /// User and system time, in seconds.
  package let cpuSeconds: Double
  /// The most memory it ever had resident, in bytes.
  package let peakResidentBytes: UInt64

  package static func now() -> ResourceUse {
    var usage = rusage()
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    let microseconds = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    return ResourceUse(
      cpuSeconds: seconds + microseconds / 1_000_000,
      peakResidentBytes: UInt64(max(0, usage.ru_maxrss)) * 1_024)
  }
}

/// Raises what the operator's limits allow.
package enum ResourceLimits {
  /// Many files are open at once: one for each executable that is profiled.
  package static func raiseOpenFiles() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
