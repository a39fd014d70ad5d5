import MetricModel

/// What XFS file systems do.
///
/// - Source: kernel, `fs/xfs/xfs_stats.h`: lines of a group's name and its counters, of 32 bits.
struct JournalingFileSystemCollector: Collector {
  static let name = "xfs"

  /// Groups with the series of their columns; nil is a column without one.
  private static let groups: [Substring: [String?]] = [
    "extent_alloc": ["extents_allocated", "blocks_allocated", "extents_freed", "blocks_freed"].map {
      "extent_allocation_\($0)"
    },
    "abt": ["lookups", "compares", "records_inserted", "records_deleted"].map {
      "allocation_btree_\($0)"
    },
    "blk_map": [
      "reads", "writes", "unmaps", "extent_list_insertions", "extent_list_deletions",
      "extent_list_lookups", "extent_list_compares",
    ].map { "block_mapping_\($0)" },
    "bmbt": ["lookups", "compares", "records_inserted", "records_deleted"].map {
      "block_map_btree_\($0)"
    },
    "dir": ["lookup", "create", "remove", "getdents"].map { "directory_operation_\($0)" },
    "ig": [
      "attempts", "found", "recycled", "missed", "duplicates", "reclaims", "attribute_changes",
    ].map { "inode_operation_\($0)" },
    "rw": ["write_calls", "read_calls"],
    "vnodes": ["active", "allocate", "get", "hold", "release", "reclaim", "remove"].map {
      "vnode_\($0)"
    },
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/fs/xfs"
    for device in host.names(in: folder) {
      // Beside devices there are the settings of all, `stats` for instance.
      guard let lines = host.lines("\(folder)/\(device)/stats/stats") else { continue }
      for line in lines {
        let words = line.words
        guard let key = words.first, let columns = Self.groups[key] else { continue }
        for (column, word) in zip(columns, words.dropFirst()) {
          guard let column else { continue }
          batch.add(
            "node_xfs_\(column)_total", .counter, "The file system's count of \(column).",
            Double(word), ["device": device])
        }
      }
    }
    return true
  }
}
