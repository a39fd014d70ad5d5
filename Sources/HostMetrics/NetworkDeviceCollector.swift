import MetricModel

/// Traffic of each network device.
///
/// - Source: proc(5), `/proc/net/dev`; and `statistics/rx_nohandler` of `/sys/class/net`.
struct NetworkDeviceCollector: Collector {
  static let name = "netdev"

  private static let received = [
    "bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast",
  ]
  private static let transmitted = [
    "bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed",
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/net/dev") else { return false }
    for line in lines.dropFirst(2) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let device = parts[0].words.first else { continue }
      let values = parts[1].words.map { Double($0) }
      for (statistic, value) in zip(Self.received, values) {
        add("receive", statistic, value, device, &batch)
      }
      for (statistic, value) in zip(Self.transmitted, values.dropFirst(Self.received.count)) {
        add("transmit", statistic, value, device, &batch)
      }
      let nohandler = "\(host.sys)/class/net/\(device)/statistics/rx_nohandler"
      add("receive", "nohandler", host.number(nohandler), device, &batch)
    }
    return true
  }

  private func add(
    _ direction: String, _ statistic: String, _ value: Double?, _ device: Substring,
    _ batch: inout MetricBatch
  ) {
    batch.add(
      "node_network_\(direction)_\(statistic)_total", .counter,
      "The device's count of \(statistic), \(direction) side.", value, ["device": "\(device)"])
  }
}
