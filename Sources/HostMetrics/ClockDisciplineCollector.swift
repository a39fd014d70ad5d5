import LinuxHost
import MetricModel

/// How the clock is kept right.
///
/// - Source: adjtimex(2).
struct ClockDisciplineCollector: Collector {
  static let name = "timex"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let clock = ClockDiscipline.now() else { return false }
    add(clock, &batch)
    return true
  }

  private func add(_ clock: ClockDiscipline, _ batch: inout MetricBatch) {
    func gauge(_ name: String, _ help: String, _ value: Double) {
      batch.add("node_timex_\(name)", .gauge, help, value)
    }
    func counter(_ name: String, _ help: String, _ value: Double) {
      batch.add("node_timex_pps_\(name)_total", .counter, help, value)
    }
    gauge("sync_status", "Whether a server keeps the clock right.", clock.isSynchronized ? 1 : 0)
    gauge("offset_seconds", "What the clock is being moved by.", clock.offsetSeconds)
    gauge(
      "frequency_adjustment_ratio", "The clock's speed is multiplied with it.", clock.frequencyRatio
    )
    gauge("maxerror_seconds", "The clock is not more wrong than that.", clock.maximumErrorSeconds)
    gauge("estimated_error_seconds", "The clock is as wrong as that.", clock.estimatedErrorSeconds)
    gauge("status", "Bits of the clock's state.", clock.status)
    gauge("loop_time_constant", "How fast the clock is moved.", clock.loopTimeConstant)
    gauge("tick_seconds", "Seconds between two ticks.", clock.tickSeconds)
    gauge(
      "tai_offset_seconds", "What international atomic time is ahead of UTC.",
      clock.internationalAtomicTimeOffsetSeconds)
    gauge("pps_frequency_hertz", "Frequency of the pulse.", clock.pulse.frequencyHertz)
    gauge("pps_jitter_seconds", "Jitter of the pulse.", clock.pulse.jitterSeconds)
    gauge("pps_shift_seconds", "Length of the pulse's interval.", clock.pulse.shiftSeconds)
    gauge("pps_stability_hertz", "Changes of the pulse's frequency.", clock.pulse.stabilityHertz)
    counter("jitter", "Pulses with too much jitter.", clock.pulse.jitterCount)
    counter("calibration", "Intervals of calibration.", clock.pulse.calibrationCount)
    counter("error", "Calibrations that failed.", clock.pulse.errorCount)
    counter("stability_exceeded", "Calibrations that were not stable.", clock.pulse.stabilityCount)
  }
}
