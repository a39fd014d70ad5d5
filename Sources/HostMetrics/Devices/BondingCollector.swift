import MetricModel

/// Network devices that are bonded into one.
///
/// - Source: kernel, Documentation/networking/bonding.rst: `bonding_masters`, `bonding/slaves`,
///   `lower_DEVICE/bonding_slave/mii_status` (before 3.18 `slave_DEVICE`).
struct BondingCollector: Collector {
  static let name = "bonding"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/net"
    guard let masters = host.word("\(folder)/bonding_masters") else { return false }
    for master in masters.split(whereSeparator: \.isWhitespace) {
      guard let slaves = host.word("\(folder)/\(master)/bonding/slaves") else { continue }
      let names = slaves.split(whereSeparator: \.isWhitespace)
      let active = names.count { name in
        let states = ["lower", "slave"].lazy.compactMap {
          host.word("\(folder)/\(master)/\($0)_\(name)/bonding_slave/mii_status")
        }
        return states.first == "up"
      }
      batch.add(
        "node_bonding_slaves", .gauge, "Devices that are bonded.", Double(names.count),
        ["master": "\(master)"])
      batch.add(
        "node_bonding_active", .gauge, "Bonded devices whose link is up.", Double(active),
        ["master": "\(master)"])
    }
    return true
  }
}
