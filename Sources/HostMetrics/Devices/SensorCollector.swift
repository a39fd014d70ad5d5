import LinuxHost
import MetricModel

/// Sensors of the hardware: temperatures, voltages, fans, power.
///
/// - Source: kernel, Documentation/hwmon/sysfs-interface.rst: files `TYPENUMBER_PROPERTY`, in
///   thousandths or millionths of the unit.
struct SensorCollector: Collector {
  static let name = "hwmon"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/hwmon"
    let chips = host.names(in: folder)
    for chip in chips { add("\(folder)/\(chip)", host, &batch) }
    return !chips.isEmpty
  }

  private func add(_ place: String, _ host: HostFiles, _ batch: inout MetricBatch) {
    guard let chip = name(of: place, host) else { return }
    if let readable = host.word("\(place)/name").flatMap(Self.cleaned) {
      batch.add(
        "node_hwmon_chip_names", .gauge, "What a chip is called by its driver; always 1.", 1,
        ["chip": chip, "chip_name": readable])
    }
    var sensors: [String: Sensor] = [:]
    for folder in [place, "\(place)/device"] {
      for file in host.names(in: folder) {
        guard let parsed = Sensor.File(parsing: file),
          let value = host.word("\(folder)/\(file)")
        else { continue }
        sensors[parsed.sensor, default: Sensor(type: parsed.type)].values[parsed.property] = value
      }
    }
    for (name, sensor) in sensors.sorted(by: { $0.key < $1.key }) {
      add(sensor, named: name, of: chip, &batch)
    }
  }

  private func add(
    _ sensor: Sensor, named name: String, of chip: String, _ batch: inout MetricBatch
  ) {
    let labels: KeyValuePairs = ["chip": chip, "sensor": name]
    if let label = sensor.values["label"] {
      batch.add(
        "node_hwmon_sensor_label", .gauge, "What a sensor measures; always 1.", 1,
        ["chip": chip, "label": label, "sensor": name])
    }
    for (property, text) in sensor.values.sorted(by: { $0.key < $1.key }) where property != "label" {
      guard let value = Double(text),
        let series = Sensor.Series(
          type: sensor.type, property: property, isBare: sensor.values[""] != nil)
      else { continue }
      batch.add(
        series.name, series.kind, "The sensors' \(sensor.type) \(property)",
        value * series.unit, labels)
    }
  }

  /// What stays the same when modules are loaded in another order: the device's bus and name, else
  /// the driver's name, else the number.
  private func name(of place: String, _ host: HostFiles) -> String? {
    if let device = SystemFile.realPath("\(place)/device") {
      let parts = device.split(separator: "/").suffix(2).compactMap { Self.cleaned(String($0)) }
      if !parts.isEmpty { return parts.joined(separator: "_") }
    }
    if let name = host.word("\(place)/name").flatMap(Self.cleaned) { return name }
    let real = SystemFile.realPath(place) ?? place
    return real.split(separator: "/").last.flatMap { Self.cleaned(String($0)) }
  }

  /// Letters, digits, colons and underscores alone; nil where nothing is left.
  static func cleaned(_ text: String) -> String? {
    let bytes = text.utf8.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: ":"):
        byte
      default: UInt8(ascii: "_")
      }
    }
    let underscore = UInt8(ascii: "_")
    guard let first = bytes.firstIndex(where: { $0 != underscore }),
      let last = bytes.lastIndex(where: { $0 != underscore })
    else { return nil }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
