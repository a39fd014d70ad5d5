import LinuxHost
import MetricModel

/// The clock: the time, its zone and its source.
///
/// - Source: `/sys/devices/system/clocksource`.
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
}
