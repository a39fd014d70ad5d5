import MetricModel

/// Adapters of Fibre Channel networks.
///
/// - Source: kernel, `drivers/scsi/scsi_transport_fc.c`: `/sys/class/fc_host`. Counters are
///   hexadecimal, all bits set where the adapter does not count.
struct FibreChannelCollector: Collector {
  static let name = "fibrechannel"

  private static let counters = [
    ("dumped_frames", "dumped_frames", "Frames that were dumped."),
    ("error_frames", "error_frames", "Frames with errors."),
    ("invalid_crc", "invalid_crc_count", "Frames with a wrong checksum."),
    ("rx_frames", "rx_frames", "Frames that were received."),
    ("rx_words", "rx_words", "Words that were received."),
    ("tx_frames", "tx_frames", "Frames that were sent."),
    ("tx_words", "tx_words", "Words that were sent."),
    ("seconds_since_last_reset", "seconds_since_last_reset", "Seconds since the last reset."),
    ("invalid_tx_words", "invalid_tx_word_count", "Invalid words that were sent."),
    ("link_failure", "link_failure_count", "Failures of the link."),
    ("loss_of_sync", "loss_of_sync_count", "Losses of synchronization."),
    ("loss_of_signal", "loss_of_signal_count", "Losses of the signal."),
    ("nos", "nos_count", "Sequences that say that the link does not work."),
    ("fcp_packet_aborts", "fcp_packet_aborts", "Packets that were aborted."),
  ]
  private static let texts = [
    "dev_loss_tmo", "port_state", "port_type", "speed", "supported_classes", "supported_speeds",
    "symbolic_name",
  ]
  private static let numbers = ["fabric_name", "port_id", "port_name"]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/fc_host"
    let adapters = host.names(in: folder)
    for adapter in adapters {
      let place = "\(folder)/\(adapter)"
      func text(_ file: String) -> String { host.word("\(place)/\(file)") ?? "" }
      var labels = [MetricLabel("fc_host", adapter)]
      labels += Self.texts.map { MetricLabel($0, text($0)) }
      labels += Self.numbers.map {
        let value = text($0)
        return MetricLabel($0, value.hasPrefix("0x") ? String(value.dropFirst(2)) : value)
      }
      batch.add(
        "node_fibrechannel_info", .gauge, "What the adapter is; always 1.", 1, labels: labels)
      for (name, file, help) in Self.counters {
        batch.add(
          "node_fibrechannel_\(name)_total", .counter, help,
          Self.count(text("statistics/\(file)")), ["fc_host": adapter])
      }
    }
    return !adapters.isEmpty
  }

  private static func count(_ text: String) -> Double? {
    let value =
      text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    return value == .max ? nil : value.map { Double($0) }
  }
}
