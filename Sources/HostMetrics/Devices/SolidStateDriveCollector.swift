import MetricModel

/// NVMe drives.
///
/// - Source: kernel, `drivers/nvme/host/sysfs.c`: `/sys/class/nvme`.
struct SolidStateDriveCollector: Collector {
  static let name = "nvme"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/class/nvme"
    let devices = host.names(in: folder)
    for device in devices {
      func text(_ file: String) -> String { host.word("\(folder)/\(device)/\(file)") ?? "" }
      batch.add(
        "node_nvme_info", .gauge, "What the drive is; always 1.", 1,
        [
          "device": device, "firmware_revision": text("firmware_rev"), "model": text("model"),
          "serial": text("serial"), "state": text("state"),
        ])
    }
    return !devices.isEmpty
  }
}
