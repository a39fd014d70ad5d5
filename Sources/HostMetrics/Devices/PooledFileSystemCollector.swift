import MetricModel

/// ZFS: caches, and pools with their datasets.
///
/// - Source: OpenZFS, `module/os/linux/spl/spl-kstat.c`: `/proc/spl/kstat/zfs`; a table of name, type
///   and value, where types 3 and 4 are whole numbers.
struct PooledFileSystemCollector: Collector {
  static let name = "zfs"

  private static let tables = [
    ("abd", "abdstats"), ("arc", "arcstats"), ("dbuf", "dbufstats"), ("dmu_tx", "dmu_tx"),
    ("dnode", "dnodestats"), ("fm", "fm"), ("vdev_cache", "vdev_cache_stats"),
    ("vdev_mirror", "vdev_mirror_stats"), ("xuio", "xuio_stats"), ("zfetch", "zfetchstats"),
    ("zil", "zil"),
  ]
  private static let states = [
    "online", "degraded", "faulted", "offline", "removed", "unavail", "suspended",
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.proc)/spl/kstat/zfs"
    let names = host.names(in: folder)
    guard !names.isEmpty else { return false }
    for (subsystem, file) in Self.tables where names.contains(file) {
      for (name, type, value) in Self.rows(host.lines("\(folder)/\(file)") ?? [])
      where type == "3" || type == "4" {
        add("zfs_\(subsystem)", name, value, [:], &batch)
      }
    }
    let files = Set(Self.tables.map(\.1))
    for pool in names where !files.contains(pool) { addPool(pool, in: folder, host, &batch) }
    return true
  }

  private func addPool(
    _ pool: String, in folder: String, _ host: HostFiles, _ batch: inout MetricBatch
  ) {
    let place = "\(folder)/\(pool)"
    let lines = host.lines("\(place)/io") ?? []
    for (names, values) in zip(lines, lines.dropFirst()) where names.hasPrefix("nread") {
      for (name, value) in zip(names.words, values.words) {
        add("zfs_zpool", name, value, ["zpool": pool], &batch)
      }
    }
    for file in host.names(in: place) where file.hasPrefix("objset-") {
      let rows = Self.rows(host.lines("\(place)/\(file)") ?? [])
      let dataset = rows.first { $0.0 == "dataset_name" }.map { String($0.2) } ?? ""
      for (name, type, value) in rows where type == "4" {
        add("zfs_zpool_dataset", name, value, ["dataset": dataset, "zpool": pool], &batch)
      }
    }
    guard let state = host.word("\(place)/state")?.lowercased() else { return }
    for one in Self.states {
      batch.add(
        "node_zfs_zpool_state", .gauge, "Whether a pool is in a state.", one == state ? 1 : 0,
        ["state": one, "zpool": pool])
    }
  }

  private func add(
    _ subsystem: String, _ name: Substring, _ value: Substring,
    _ labels: KeyValuePairs<String, String>, _ batch: inout MetricBatch
  ) {
    let name = String(name.map { $0 == "-" ? "_" : $0 })
    guard name.isNamePart else { return }
    batch.add(
      "node_\(subsystem)_\(name)", .untyped, "The kernel's \(name) of ZFS.",
      UInt64(value).map { Double($0) }, labels)
  }

  /// What stands below the line of headings.
  private static func rows(_ lines: [Substring]) -> [(Substring, Substring, Substring)] {
    guard let headings = lines.firstIndex(where: { $0.words == ["name", "type", "data"] }) else {
      return []
    }
    return lines[(headings + 1)...].compactMap { line in
      let words = line.words
      return words.count > 2 ? (words[0], words[1], words[2]) : nil
    }
  }
}
