import MetricModel

/// Tape drives.
///
/// - Source: kernel, Documentation/scsi/st.rst: `/sys/class/scsi_tape/stN/stats`; the other names there
///   are the same drives in other modes.
struct TapeCollector: Collector {
  static let name = "tapestats"

  private static let series = [
    SeriesFile("node_tape_io_now", "in_flight", .gauge, "Requests in progress."),
    SeriesFile(
      "node_tape_io_time_seconds_total", "io_ns", .counter,
      "Seconds that requests took, moves included.", unit: 1e-9),
    SeriesFile(
      "node_tape_io_others_total", "other_cnt", .counter, "Requests other than reads and writes."),
    SeriesFile("node_tape_read_bytes_total", "read_byte_cnt", .counter, "Bytes that were read."),
    SeriesFile("node_tape_reads_completed_total", "read_cnt", .counter, "Reads."),
    SeriesFile(
      "node_tape_read_time_seconds_total", "read_ns", .counter, "Seconds that reads took.",
      unit: 1e-9),
    SeriesFile(
      "node_tape_residual_total", "resid_cnt", .counter,
      "Reads and writes that did not have the size that was asked for."),
    SeriesFile(
      "node_tape_written_bytes_total", "write_byte_cnt", .counter, "Bytes that were written."),
    SeriesFile("node_tape_writes_completed_total", "write_cnt", .counter, "Writes."),
    SeriesFile(
      "node_tape_write_time_seconds_total", "write_ns", .counter, "Seconds that writes took.",
      unit: 1e-9),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/scsi_tape"
    let drives = host.numbered("st", in: folder)
    for (name, _) in drives {
      batch.add(Self.series, in: "\(folder)/\(name)/stats", ["device": name])
    }
    return !drives.isEmpty
  }
}
