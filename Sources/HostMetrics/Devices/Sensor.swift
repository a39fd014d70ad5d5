import MetricModel

/// One sensor of a chip, with the files that it has.
struct Sensor {
  let type: String
  /// By property; the one without a name is the bare file, `pwm1` for instance.
  var values: [String: String] = [:]
}

extension Sensor {
  /// The name of a file, taken apart: `temp1_crit_alarm`.
  struct File {
    let type: String
    /// The type with the number, `temp1`; 0 where there is none.
    let sensor: String
    let property: String

    private static let types: Set<String> = [
      "vrm", "beep_enable", "update_interval", "in", "cpu", "fan", "pwm", "temp", "curr", "power",
      "energy", "humidity", "intrusion",
    ]

    init?(parsing name: String) {
      let type = name.prefix { !($0.isASCII && $0.isNumber) }
      let digits = name[type.endIndex...].prefix { $0.isASCII && $0.isNumber }
      let rest = name[digits.endIndex...]
      guard Self.types.contains(String(type)), digits.utf8.count < 10 else { return nil }
      guard rest.isEmpty || (rest.hasPrefix("_") && rest.utf8.count > 1) else { return nil }
      self.type = String(type)
      sensor = "\(type)\(Int(digits) ?? 0)"
      property = String(rest.dropFirst())
    }
  }
}

extension Sensor {
  /// Which metric a property is, and what one unit of the file is in it.
  struct Series {
    let name: String
    let kind: MetricDescriptor.Kind
    let unit: Double

    /// - Parameter isBare: whether the sensor has a file without a property as well.
    init?(type: String, property: String, isBare: Bool) {
      var name = "node_hwmon_\(type)"
      if property == "input" {
        if isBare { name += "_input" }
      } else if !property.isEmpty {
        guard let cleaned = SensorCollector.cleaned(property) else { return nil }
        name += "_\(cleaned)"
      }
      (self.name, kind, unit) = Self.finished(name, type, property)
    }

    private static func finished(
      _ name: String, _ type: String, _ property: String
    ) -> (String, MetricDescriptor.Kind, Double) {
      switch (type, property) {
      case ("beep_enable", _): ("node_hwmon_beep_enabled", .gauge, 1)
      case ("vrm", _): ("node_hwmon_voltage_regulator_version", .gauge, 1)
      case ("update_interval", _): ("node_hwmon_update_interval_seconds", .gauge, 0.001)
      case (_, "fault"), (_, "alarm"): (name, .gauge, 1)
      case (_, "beep"): ("\(name)_enabled", .gauge, 1)
      case ("in", _), ("cpu", _): ("\(name)_volts", .gauge, 0.001)
      case ("temp", "type"): (name, .gauge, 1)
      case ("temp", _): ("\(name)_celsius", .gauge, 0.001)
      case ("curr", _): ("\(name)_amps", .gauge, 0.001)
      case ("energy", _): ("\(name)_joule_total", .counter, 1e-6)
      case ("power", "accuracy"), ("humidity", _): (name, .gauge, 1e-6)
      case ("power", "average_interval"), ("power", "average_interval_min"),
        ("power", "average_interval_max"):
        ("\(name)_seconds", .gauge, 0.001)
      case ("power", _): ("\(name)_watt", .gauge, 1e-6)
      case ("fan", "input"), ("fan", "min"), ("fan", "max"), ("fan", "target"):
        ("\(name)_rpm", .gauge, 1)
      default: (name, .gauge, 1)
      }
    }
  }
}
