import MetricModel

/// Arrays of disks that the kernel makes.
///
/// - Source: kernel, `drivers/md/md.c`, `md_seq_show`: for each array a line with its disks, one with
///   its size in blocks of 1 KiB and `[wanted/working]`, and while it is put right one with how far.
struct SoftwareRaidCollector: Collector {
  static let name = "mdadm"
  private static let states = ["active", "inactive", "recovering", "resync", "check"]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let lines = host.lines("\(host.proc)/mdstat") else { return false }
    for (index, line) in lines.enumerated() {
      // Lines of an array begin with a blank, but for the first.
      guard !line.hasPrefix(" "), !line.hasPrefix("\t"), !line.hasPrefix("Personalities"),
        !line.hasPrefix("unused"),
        let array = RaidArray(line, lines[(index + 1)...].prefix { $0.hasPrefix(" ") })
      else { continue }
      add(array, &batch)
    }
    return true
  }

  private func add(_ array: RaidArray, _ batch: inout MetricBatch) {
    let device = array.name
    let counts = [
      ("active", array.working), ("failed", array.failed), ("spare", array.spare),
    ]
    for (state, count) in counts {
      batch.add(
        "node_md_disks", .gauge, "Disks of an array by state.", count,
        ["device": device, "state": state])
    }
    batch.add(
      "node_md_disks_required", .gauge, "Disks that an array wants.", array.wanted,
      ["device": device])
    batch.add(
      "node_md_blocks", .gauge, "Size of an array in blocks of 1 KiB.", array.blocks,
      ["device": device])
    batch.add(
      "node_md_blocks_synced", .gauge, "Blocks of an array that are right.", array.synced,
      ["device": device])
    for state in Self.states {
      batch.add(
        "node_md_state", .gauge, "Whether an array is in a state.", array.state == state ? 1 : 0,
        ["device": device, "state": state])
    }
  }
}
