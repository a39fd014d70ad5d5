/// How and where a profile was taken; an empty string or 0 means unknown.
package struct ProfileFacts: Hashable, Sendable {
  package var host = ""
  /// Kernel release, as `uname -r` prints it.
  package var kernel = ""
  package var architecture = ""
  package var onlineCPUs = 0
  /// The event that triggers samples: `cpu-cycles` or `cpu-clock`.
  package var event = ""
  /// Samples per second and CPU.
  package var frequency = 0
  /// Nanoseconds since 1970-01-01 UTC.
  package var startUnixNanoseconds: UInt64 = 0
  package var durationNanoseconds: UInt64 = 0
  /// The command line of wick.
  package var command = ""
  /// What was profiled: `all processes`, `pid 12, 13`, `cgroup /x`, or the started command.
  package var target = ""
  package var version = ""

  package init() {}
}
