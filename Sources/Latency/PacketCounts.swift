import LinuxHost

/// How many packets the network devices of the host have received and sent.
///
/// - Source: kernel, Documentation/ABI/testing/sysfs-class-net-statistics.
struct PacketCounts {
  private let folder: String
  private var last: [String: UInt64] = [:]

  /// Devices that are looked at; a host with many containers has one for each.
  private static let limit = 1_024

  init(roots: HostRoots) { folder = "\(roots.sys)/class/net" }

  /// Those since the last time, of the devices that were there then: one that is new may have counted
  /// for long, in another namespace or under another name.
  mutating func collect() -> UInt64 {
    var now: [String: UInt64] = [:]
    var sum: UInt64 = 0
    for device in SystemFile.names(in: folder).sorted().prefix(Self.limit) {
      func count(_ file: String) -> UInt64 {
        let value = SystemFile.page("\(folder)/\(device)/statistics/\(file)")
        return value.flatMap { UInt64($0.prefix { $0 != "\n" }) } ?? 0
      }
      let packets = count("rx_packets") &+ count("tx_packets")
      now[device] = packets
      if let before = last[device], packets > before { sum &+= packets &- before }
    }
    last = now
    return sum
  }
}
