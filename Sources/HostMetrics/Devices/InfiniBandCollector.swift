import MetricModel

/// Ports of InfiniBand adapters.
///
/// - Source: kernel, Documentation/ABI/stable/sysfs-class-infiniband. Data is counted in units of
///   four bytes, one for each lane.
struct InfiniBandCollector: Collector {
  static let name = "infiniband"

  private static let counters = [
    (
      "excessive_buffer_overrun_errors", "excessive_buffer_overrun_errors",
      "Overruns of buffers one after the other."
    ),
    ("link_downed", "link_downed", "How often the link went down."),
    ("link_error_recovery", "link_error_recovery", "How often the link recovered from an error."),
    ("local_link_integrity_errors", "local_link_integrity_errors", "Errors of the local link."),
    ("multicast_packets_received", "multicast_rcv_packets", "Packets to groups, received."),
    ("multicast_packets_transmitted", "multicast_xmit_packets", "Packets to groups, sent."),
    (
      "port_constraint_errors_received", "port_rcv_constraint_errors",
      "Packets received that a rule forbade."
    ),
    (
      "port_constraint_errors_transmitted", "port_xmit_constraint_errors",
      "Packets to be sent that a rule forbade."
    ),
    ("port_discards_received", "port_rcv_discards", "Packets received and discarded."),
    ("port_discards_transmitted", "port_xmit_discards", "Packets discarded instead of sent."),
    ("port_errors_received", "port_rcv_errors", "Packets received with an error."),
    ("port_packets_received", "port_rcv_packets", "Packets received."),
    ("port_packets_transmitted", "port_xmit_packets", "Packets sent."),
    (
      "port_receive_remote_physical_errors", "port_rcv_remote_physical_errors",
      "Packets received that were marked as bad."
    ),
    (
      "port_receive_switch_relay_errors", "port_rcv_switch_relay_errors",
      "Packets received that could not be passed on."
    ),
    ("port_transmit_wait", "port_xmit_wait", "Ticks in which data waited to be sent."),
    ("symbol_error", "symbol_error", "Small errors of the link."),
    ("unicast_packets_received", "unicast_rcv_packets", "Packets to one, received."),
    ("unicast_packets_transmitted", "unicast_xmit_packets", "Packets to one, sent."),
    ("vl15_dropped", "VL15_dropped", "Packets of management that were dropped."),
  ].map { SeriesFile("node_infiniband_\($0)_total", "counters/\($1)", .counter, $2) }

  private static let data = [
    ("port_data_received", "counters/port_rcv_data", "Bytes received."),
    ("port_data_transmitted", "counters/port_xmit_data", "Bytes sent."),
    ("legacy_data_received", "counters_ext/port_rcv_data_64", "Bytes received, by old drivers."),
    ("legacy_data_transmitted", "counters_ext/port_xmit_data_64", "Bytes sent, by old drivers."),
  ].map { SeriesFile("node_infiniband_\($0)_bytes_total", $1, .counter, $2, unit: 4) }

  private static let legacy = [
    ("multicast_packets_received", "multicast_rcv_packets"),
    ("multicast_packets_transmitted", "multicast_xmit_packets"),
    ("packets_received", "rcv_packets_64"), ("packets_transmitted", "xmit_packets_64"),
    ("unicast_packets_received", "unicast_rcv_packets"),
    ("unicast_packets_transmitted", "unicast_xmit_packets"),
  ].map {
    SeriesFile(
      "node_infiniband_legacy_\($0)_total", "counters_ext/port_\($1)", .counter,
      "Packets, by old drivers.")
  }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/infiniband"
    let devices = host.names(in: folder)
    for device in devices {
      let place = "\(folder)/\(device)"
      batch.add(
        "node_infiniband_info", .gauge, "What the adapter is; always 1.", 1,
        [
          "board_id": host.word("\(place)/board_id") ?? "", "device": device,
          "firmware_version": host.word("\(place)/fw_ver") ?? "",
          "hca_type": host.word("\(place)/hca_type") ?? "",
        ])
      for port in host.names(in: "\(place)/ports") where UInt(port) != nil {
        add(port, of: device, in: "\(place)/ports/\(port)", host, &batch)
      }
    }
    return !devices.isEmpty
  }

  private func add(
    _ port: String, of device: String, in place: String, _ host: HostFiles,
    _ batch: inout MetricBatch
  ) {
    let labels: KeyValuePairs = ["device": device, "port": port]
    // `4: ACTIVE`
    func state(_ file: String) -> Double? {
      host.word("\(place)/\(file)").flatMap { Double($0.prefix { $0 != ":" }) }
    }
    batch.add("node_infiniband_state_id", .gauge, "The port's state.", state("state"), labels)
    batch.add(
      "node_infiniband_physical_state_id", .gauge, "The state of the port's link.",
      state("phys_state"), labels)
    // `40 Gb/sec (4X QDR)`
    let gigabits = host.word("\(place)/rate").flatMap { Float($0.prefix { $0 != " " }) }
    batch.add(
      "node_infiniband_rate_bytes_per_second", .gauge, "Bytes a second that the link can do.",
      gigabits.map { (Double($0) * 125_000_000).rounded(.down) }, labels)
    batch.add(Self.counters, in: place, labels)
    batch.add(Self.data, in: place, labels)
    batch.add(Self.legacy, in: place, labels)
  }
}
