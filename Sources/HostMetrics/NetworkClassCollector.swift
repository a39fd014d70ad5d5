import LinuxHost
import MetricModel

/// What each network device is.
///
/// - Source: kernel, Documentation/ABI/testing/sysfs-class-net. Some files cannot be read while a
///   device is down; their series are left out then.
struct NetworkClassCollector: Collector {
  static let name = "netclass"

  /// Names of series with the files that they come from.
  private static let gauges = [
    ("address_assign_type", "addr_assign_type"), ("carrier", "carrier"), ("device_id", "dev_id"),
    ("dormant", "dormant"), ("flags", "flags"), ("iface_id", "ifindex"), ("iface_link", "iflink"),
    ("iface_link_mode", "link_mode"), ("mtu_bytes", "mtu"),
    ("name_assign_type", "name_assign_type"), ("net_dev_group", "netdev_group"),
    ("protocol_type", "type"), ("transmit_queue_length", "tx_queue_len"),
  ]
  private static let counters = [
    ("carrier_changes_total", "carrier_changes"),
    ("carrier_up_changes_total", "carrier_up_count"),
    ("carrier_down_changes_total", "carrier_down_count"),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/net"
    guard let devices = SystemFile.entries(of: folder)?.sorted() else { return false }
    // A file that stands between the devices, where there are bonds.
    for device in devices where device != "bonding_masters" {
      guard let files = SystemFolder("\(folder)/\(device)") else { continue }
      func value(_ file: String) -> Double? { files.page(file).flatMap(Self.number) }
      for (name, file) in Self.gauges {
        batch.add(
          "node_network_\(name)", .gauge, "The device's property \(name).", value(file),
          ["device": device])
      }
      for (name, file) in Self.counters {
        batch.add(
          "node_network_\(name)", .counter, "The device's count of \(name).", value(file),
          ["device": device])
      }
      // The file counts Mbit/s.
      batch.add(
        "node_network_speed_bytes", .gauge, "Speed of the link in bytes a second.",
        value("speed").map { $0 * 1_000_000 / 8 }, ["device": device])
      addInfo(device, files, &batch)
    }
    return true
  }

  private func addInfo(
    _ device: String, _ files: borrowing SystemFolder, _ batch: inout MetricBatch
  ) {
    func text(_ file: String) -> String { files.page(file)?.firstLine ?? "" }
    let state = text("operstate")
    batch.add(
      "node_network_up", .gauge, "Whether the device's state is `up`.", state == "up" ? 1 : 0,
      ["device": device])
    batch.add(
      "node_network_info", .gauge, "What the device is; always 1.", 1,
      [
        "address": text("address"), "broadcast": text("broadcast"), "device": device,
        "duplex": text("duplex"), "ifalias": text("ifalias"), "operstate": state,
      ])
  }

  /// Decimal, or hexadecimal behind `0x`.
  private static func number(_ text: String) -> Double? {
    guard text.utf8.starts(with: "0x".utf8) else { return text.leadingNumber }
    let digits = Substring(text.utf8.dropFirst(2).prefix { !$0.isBlank })
    return UInt64(digits, radix: 16).map { Double($0) }
  }
}
