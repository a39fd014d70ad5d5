import MetricModel

/// What the firmware says of the machine.
///
/// - Source: kernel, `drivers/firmware/dmi-id.c`: `/sys/class/dmi/id`. Serial numbers
///   can be read by root alone; what cannot be read is left out of the labels.
struct FirmwareCollector: Collector {
  static let name = "dmi"

  private static let fields = [
    "bios_date", "bios_release", "bios_vendor", "bios_version", "board_asset_tag", "board_name",
    "board_serial", "board_vendor", "board_version", "chassis_asset_tag", "chassis_serial",
    "chassis_vendor", "chassis_version", "product_family", "product_name", "product_serial",
    "product_sku", "product_uuid", "product_version",
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/dmi/id"
    var labels = Self.fields.compactMap { field in
      host.word("\(folder)/\(field)").map { MetricLabel(field, $0) }
    }
    if let vendor = host.word("\(folder)/sys_vendor") {
      labels.append(MetricLabel("system_vendor", vendor))
    }
    guard !labels.isEmpty else { return false }
    batch.add("node_dmi_info", .gauge, "What the machine is; always 1.", 1, labels: labels)
    return true
  }
}
