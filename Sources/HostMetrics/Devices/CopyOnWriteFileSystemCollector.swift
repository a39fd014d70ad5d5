import LinuxHost
import MetricModel

/// Btrfs file systems: what they have allocated, and how their devices are.
///
/// - Source: kernel, Documentation/filesystems/btrfs and `fs/btrfs/sysfs.c`; the devices' errors come
///   from `BTRFS_IOC_GET_DEV_STATS`. Sizes of devices are in sectors of 512 bytes.
struct CopyOnWriteFileSystemCollector: Collector {
  static let name = "btrfs"
  private static let sectorBytes = 512.0

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/fs/btrfs"
    let names = host.names(in: folder).filter { $0.contains("-") }
    guard !names.isEmpty else { return true }
    let mounted = BtrfsVolume.mounted(
      mounts: host.text("\(host.proc)/1/mounts") ?? host.text("\(host.proc)/self/mounts") ?? "",
      root: host.root)
    for name in names {
      let place = "\(folder)/\(name)"
      let uuid = host.word("\(place)/metadata_uuid").flatMap { $0.isEmpty ? nil : $0 } ?? name
      batch.add(
        "node_btrfs_info", .gauge, "What the file system is; always 1.", 1,
        ["label": host.word("\(place)/label") ?? "", "uuid": uuid])
      batch.add(
        "node_btrfs_global_rsv_size_bytes", .gauge, "Size of the global reserve in bytes.",
        host.number("\(place)/allocation/global_rsv_size"), ["uuid": uuid])
      let devices = host.names(in: "\(place)/devices")
      for kind in ["data", "metadata", "system"] {
        addAllocation(
          kind, in: "\(place)/allocation/\(kind)", devices: devices.count, uuid, host, &batch)
      }
      if let volume = mounted.first(where: { $0.uuid == uuid }) {
        for device in volume.devices { add(device, uuid, &batch) }
      } else {
        addSizes(of: devices, in: place, uuid, host, &batch)
      }
    }
    return true
  }

  private func addAllocation(
    _ kind: String, in folder: String, devices: Int, _ uuid: String, _ host: HostFiles,
    _ batch: inout MetricBatch
  ) {
    batch.add(
      "node_btrfs_reserved_bytes", .gauge, "Bytes that are reserved.",
      host.number("\(folder)/bytes_reserved"), ["block_group_type": kind, "uuid": uuid])
    for mode in host.names(in: folder) {
      guard let total = host.number("\(folder)/\(mode)/total_bytes") else { continue }
      let labels: KeyValuePairs = ["block_group_type": kind, "mode": mode, "uuid": uuid]
      batch.add("node_btrfs_size_bytes", .gauge, "Bytes that are allocated.", total, labels)
      batch.add(
        "node_btrfs_used_bytes", .gauge, "Bytes that are used.",
        host.number("\(folder)/\(mode)/used_bytes"), labels)
      batch.add(
        "node_btrfs_allocation_ratio", .gauge, "Bytes on devices for a byte of data.",
        Self.ratio(mode, devices: Double(devices)), labels)
    }
  }

  /// - Source: btrfs(5), the table of profiles. What is unknown counts as 0, as it does for the node
  ///   exporter.
  private static func ratio(_ mode: String, devices: Double) -> Double {
    switch mode {
    case "single", "raid0": 1
    case "dup", "raid1", "raid10": 2
    case "raid5": devices / (devices - 1)
    case "raid6": devices / (devices - 2)
    default: 0
    }
  }

  private func addSizes(
    of devices: [String], in place: String, _ uuid: String, _ host: HostFiles,
    _ batch: inout MetricBatch
  ) {
    for device in devices {
      batch.add(
        "node_btrfs_device_size_bytes", .gauge, "Size of a device in bytes.",
        host.number("\(place)/devices/\(device)/size").map { $0 * Self.sectorBytes },
        ["device": device, "uuid": uuid])
    }
  }

  private func add(_ device: BtrfsVolume.Device, _ uuid: String, _ batch: inout MetricBatch) {
    let labels: KeyValuePairs = [
      "btrfs_dev_uuid": device.uuid, "device": device.name, "uuid": uuid,
    ]
    batch.add(
      "node_btrfs_device_size_bytes", .gauge, "Size of a device in bytes.",
      Double(device.totalBytes), labels)
    batch.add(
      "node_btrfs_device_unused_bytes", .gauge, "Bytes of a device that are not allocated.",
      Double(device.totalBytes &- min(device.usedBytes, device.totalBytes)), labels)
    for (type, count) in device.errors {
      batch.add(
        "node_btrfs_device_errors_total", .counter, "Errors of a device.", Double(count),
        [
          "btrfs_dev_uuid": device.uuid, "device": device.name, "type": type, "uuid": uuid,
        ])
    }
  }
}
