import CLinux

/// The event whose overflow takes a sample.
package enum SampleTrigger: Hashable, Sendable {
  /// The processor's cycle counter; needs a performance monitoring unit (PMU).
  case cpuCycles
  /// The kernel's high-resolution timer; works everywhere.
  case cpuClock

  /// The name that perf uses.
  package var name: String {
    switch self {
    case .cpuCycles: "cpu-cycles"
    case .cpuClock: "cpu-clock"
    }
  }

  var type: UInt32 {
    switch self {
    case .cpuCycles: PERF_TYPE_HARDWARE.rawValue
    case .cpuClock: PERF_TYPE_SOFTWARE.rawValue
    }
  }

  var configuration: UInt64 {
    switch self {
    case .cpuCycles: UInt64(PERF_COUNT_HW_CPU_CYCLES.rawValue)
    case .cpuClock: UInt64(PERF_COUNT_SW_CPU_CLOCK.rawValue)
    }
  }

  /// Cycles where this machine counts them, else the clock.
  package static func best(cpu: Int) -> SampleTrigger {
    (try? PerfEvent.sampling(.cpuCycles, frequency: 1, cpu: cpu)) == nil ? .cpuClock : .cpuCycles
  }
}
