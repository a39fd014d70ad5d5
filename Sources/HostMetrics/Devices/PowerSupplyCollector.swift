import LinuxHost
import MetricModel

/// Batteries and mains.
///
/// - Source: kernel, Documentation/ABI/testing/sysfs-class-power: millionths of amperes, volts and
///   watts, tenths of degrees.
struct PowerSupplyCollector: Collector {
  static let name = "powersupplyclass"

  private static let plain = [
    ("authentic", "authentic"), ("calibrate", "calibrate"), ("capacity", "capacity"),
    ("capacity_alert_max", "capacity_alert_max"), ("capacity_alert_min", "capacity_alert_min"),
    ("cyclecount", "cycle_count"), ("online", "online"), ("present", "present"),
    ("time_to_empty_seconds", "time_to_empty_now"), ("time_to_full_seconds", "time_to_full_now"),
  ]
  private static let millionths = [
    ("current_ampere", "current_now"), ("energy_watthour", "energy_now"),
    ("voltage_volt", "voltage_now"), ("charge_ampere", "charge_now"), ("power_watt", "power_now"),
  ]
  /// Millionths whose series have the names of their files.
  private static let millionthsByFile = [
    "current_boot", "current_max", "energy_empty", "energy_empty_design", "energy_full",
    "energy_full_design", "voltage_boot", "voltage_max", "voltage_max_design", "voltage_min",
    "voltage_min_design", "voltage_ocv", "charge_control_limit", "charge_control_limit_max",
    "charge_counter", "charge_empty", "charge_empty_design", "charge_full", "charge_full_design",
    "charge_term_current", "constant_charge_current", "constant_charge_current_max",
    "constant_charge_voltage", "constant_charge_voltage_max", "precharge_current",
    "input_current_limit",
  ]
  private static let temperatures = [
    "temp", "temp_alert_max", "temp_alert_min", "temp_ambient", "temp_ambient_max",
    "temp_ambient_min", "temp_max", "temp_min",
  ]
  private static let texts = [
    "capacity_level", "charge_type", "health", "manufacturer", "model_name", "scope",
    "serial_number", "status", "technology", "type", "usb_type",
  ]

  private static let series: [SeriesFile] = {
    func series(_ name: String, _ file: String, _ unit: Double) -> SeriesFile {
      SeriesFile(
        "node_power_supply_\(name)", file, .gauge, "The power supply's \(name).", unit: unit)
    }
    return plain.map { series($0, $1, 1) } + millionths.map { series($0, $1, 1e-6) }
      + millionthsByFile.map { series($0, $0, 1e-6) }
      + temperatures.map { series("\($0)_celsius", $0, 0.1) }
  }()

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/power_supply"
    guard let supplies = SystemFile.entries(of: folder)?.sorted() else { return false }
    for supply in supplies {
      let place = "\(folder)/\(supply)"
      batch.add(Self.series, in: place, ["power_supply": supply])
      let texts = Self.texts.compactMap { file -> MetricLabel? in
        guard let text = host.word("\(place)/\(file)"), !text.isEmpty else { return nil }
        return MetricLabel(file, text)
      }
      batch.add(
        "node_power_supply_info", .gauge, "What the power supply is; always 1.", 1,
        labels: [MetricLabel("power_supply", supply)] + texts)
    }
    return true
  }
}
