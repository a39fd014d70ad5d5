import MetricModel

/// Temperatures of zones, and what cools them.
///
/// - Source: kernel, Documentation/driver-api/thermal/sysfs-api.rst; thousandths of degrees.
struct ThermalCollector: Collector {
  static let name = "thermal_zone"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/thermal"
    let zones = host.numbered("thermal_zone", in: folder)
    for (name, number) in zones {
      batch.add(
        "node_thermal_zone_temp", .gauge, "Temperature of a zone in degrees Celsius.",
        host.number("\(folder)/\(name)/temp").map { $0 / 1_000 },
        ["type": host.word("\(folder)/\(name)/type") ?? "", "zone": number])
    }
    let devices = host.numbered("cooling_device", in: folder)
    for (name, number) in devices {
      let labels: KeyValuePairs = [
        "name": number, "type": host.word("\(folder)/\(name)/type") ?? "",
      ]
      batch.add(
        "node_cooling_device_cur_state", .gauge, "How much a device cools.",
        host.number("\(folder)/\(name)/cur_state"), labels)
      batch.add(
        "node_cooling_device_max_state", .gauge, "How much a device can cool.",
        host.number("\(folder)/\(name)/max_state"), labels)
    }
    return true
  }
}
