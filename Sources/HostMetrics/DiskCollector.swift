import MetricModel

/// Reads, writes, discards and flushes of each block device.
///
/// - Source: kernel, Documentation/admin-guide/iostats.rst: sectors have 512 bytes, times are
///   milliseconds. What a device is comes from udev's database.
struct DiskCollector: Collector {
  static let name = "diskstats"

  /// Columns of a line behind the device's name: the series, and what one unit of it is.
  private static let columns: [(name: String, help: String, unit: Double)] = [
    ("reads_completed_total", "Reads that were completed.", 1),
    ("reads_merged_total", "Reads that were merged with others.", 1),
    ("read_bytes_total", "Bytes that were read.", 512),
    ("read_time_seconds_total", "Seconds that reads took, in sum.", 0.001),
    ("writes_completed_total", "Writes that were completed.", 1),
    ("writes_merged_total", "Writes that were merged with others.", 1),
    ("written_bytes_total", "Bytes that were written.", 512),
    ("write_time_seconds_total", "Seconds that writes took, in sum.", 0.001),
    ("io_now", "Reads and writes in progress.", 1),
    ("io_time_seconds_total", "Seconds in which the device had something to do.", 0.001),
    ("io_time_weighted_seconds_total", "The same, times what was in progress.", 0.001),
    ("discards_completed_total", "Discards that were completed.", 1),
    ("discards_merged_total", "Discards that were merged with others.", 1),
    ("discarded_sectors_total", "Sectors that were discarded.", 1),
    ("discard_time_seconds_total", "Seconds that discards took, in sum.", 0.001),
    ("flush_requests_total", "Flushes that were completed.", 1),
    ("flush_requests_time_seconds_total", "Seconds that flushes took, in sum.", 0.001),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/diskstats") else { return false }
    for line in lines {
      let fields = line.words
      guard fields.count > 3, !Self.isIgnored(fields[2]) else { continue }
      let device = String(fields[2])
      addInfo(device, major: fields[0], minor: fields[1], host, &batch)
      for (column, field) in zip(Self.columns, fields.dropFirst(3)) {
        batch.add(
          "node_disk_\(column.name)", column.name == "io_now" ? .gauge : .counter, column.help,
          Double(field).map { $0 * column.unit }, ["device": device])
      }
    }
    return true
  }

  /// Memory disks, loops and floppies; and partitions, whose figures are in those of their disk.
  private static func isIgnored(_ device: Substring) -> Bool {
    guard let last = device.last, last.isNumber else { return false }
    let stem = device.prefix { !$0.isNumber }
    if ["ram", "loop", "fd"].contains(stem) { return true }
    // nvme0n1p2
    if stem == "nvme" { return device.dropFirst(stem.count).contains("p") }
    if stem.hasPrefix("xvd") { return stem.count == 4 }
    return stem.count == 3 && ["hd", "sd", "vd"].contains(stem.prefix(2))
  }

  private func addInfo(
    _ device: String, major: Substring, minor: Substring, _ host: HostFiles,
    _ batch: inout MetricBatch
  ) {
    var known: [Substring: String] = [:]
    for line in host.lines("\(host.root)/run/udev/data/b\(major):\(minor)") ?? [] {
      let pair = line.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].hasPrefix("E:") else { continue }
      known[pair[0].dropFirst(2)] = String(pair[1])
    }
    func property(_ key: String) -> String { known[key[...]] ?? "" }
    batch.add(
      "node_disk_info", .gauge, "What the device is; always 1.", 1,
      [
        "device": device, "major": "\(major)", "minor": "\(minor)", "model": property("ID_MODEL"),
        "path": property("ID_PATH"), "revision": property("ID_REVISION"),
        "serial": property("ID_SERIAL_SHORT"), "wwn": property("ID_WWN"),
      ])
    addContents(of: device, known, &batch)
    for (name, key, help) in Self.driveSeries where known["ID_ATA"] != nil {
      batch.add(
        "node_disk_ata_\(name)", .gauge, help, Double(property(key)), ["device": device])
    }
  }

  private static let driveSeries = [
    (
      "rotation_rate_rpm", "ID_ATA_ROTATION_RATE_RPM",
      "Rotations a minute; 0 for drives that do not rotate."
    ),
    ("write_cache", "ID_ATA_WRITE_CACHE", "Whether the drive has a cache for writes."),
    ("write_cache_enabled", "ID_ATA_WRITE_CACHE_ENABLED", "Whether that cache is on."),
  ]

  private func addContents(
    of device: String, _ known: [Substring: String], _ batch: inout MetricBatch
  ) {
    func property(_ key: String) -> String { known[key[...]] ?? "" }
    if let name = known["DM_NAME"] {
      batch.add(
        "node_disk_device_mapper_info", .gauge, "What a mapped device is; always 1.", 1,
        [
          "device": device, "lv_layer": property("DM_LV_LAYER"),
          "lv_name": property("DM_LV_NAME"), "name": name, "uuid": property("DM_UUID"),
          "vg_name": property("DM_VG_NAME"),
        ])
    }
    if let type = known["ID_FS_TYPE"] {
      batch.add(
        "node_disk_filesystem_info", .gauge, "The file system of a device; always 1.", 1,
        [
          "device": device, "type": type, "usage": property("ID_FS_USAGE"),
          "uuid": property("ID_FS_UUID"), "version": property("ID_FS_VERSION"),
        ])
    }
  }
}
