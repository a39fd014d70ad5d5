import LinuxHost
import MetricModel

/// The clock: the time, its zone, its source, and how it is kept right.
///
/// - Source: adjtimex(2); `/sys/devices/system/clocksource`.
struct TimeCollector: Collector {
  static let name = "time"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    batch.add(
      "node_time_seconds", .gauge, "The host's time, in seconds since 1970.",
      Double(Clock.wall()) / 1_000_000_000)
    let zone = ClockDiscipline.zone()
    batch.add(
      "node_time_zone_offset_seconds", .gauge, "What local time is ahead of UTC.",
      Double(zone.offsetSeconds), ["time_zone": zone.name])
    addSources(host, &batch)
    if let clock = ClockDiscipline.now() { add(clock, &batch) }
    return true
  }

  private func addSources(_ host: HostFiles, _ batch: inout MetricBatch) {
    let folder = "\(host.sys)/devices/system/clocksource"
    for name in host.names(in: folder) where name.hasPrefix("clocksource") {
      let device = String(name.dropFirst("clocksource".count))
      guard !device.isEmpty, device.allSatisfy(\.isNumber) else { continue }
      let available = host.line("\(folder)/\(name)/available_clocksource") ?? ""
      for source in available.words {
        batch.add(
          "node_time_clocksource_available_info", .gauge, "A source that the clock can have.", 1,
          ["clocksource": "\(source)", "device": device])
      }
      if let current = host.line("\(folder)/\(name)/current_clocksource") {
        batch.add(
          "node_time_clocksource_current_info", .gauge, "The source that the clock has.", 1,
          ["clocksource": current, "device": device])
      }
    }
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
