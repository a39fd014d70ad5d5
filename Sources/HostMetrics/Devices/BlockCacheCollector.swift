import MetricModel

/// Caches of block devices by bcache.
///
/// - Source: kernel, Documentation/admin-guide/bcache.rst; sizes are written for people, by
///   `bch_hprint`. What a kernel does not have counts as 0, as it does for the node exporter.
struct BlockCacheCollector: Collector {
  static let name = "bcache"

  private static let ofSet = [
    SeriesFile(
      "node_bcache_average_key_size_sectors", "average_key_size", .gauge,
      "Average data of a key, in sectors."),
    SeriesFile(
      "node_bcache_btree_cache_size_bytes", "btree_cache_size", .gauge,
      "Memory of the tree's cache in bytes."),
    SeriesFile(
      "node_bcache_cache_available_percent", "cache_available_percent", .gauge,
      "Part of the cache without dirty data, in percent."),
    SeriesFile("node_bcache_congested", "congested", .gauge, "Congestion."),
    SeriesFile(
      "node_bcache_root_usage_percent", "root_usage_percent", .gauge,
      "Part of the tree's root that is used, in percent."),
    SeriesFile("node_bcache_tree_depth", "tree_depth", .gauge, "Depth of the tree."),
    SeriesFile(
      "node_bcache_active_journal_entries", "internal/active_journal_entries", .gauge,
      "Entries of the journal that are newer than the index."),
    SeriesFile("node_bcache_btree_nodes", "internal/btree_nodes", .gauge, "Nodes of the tree."),
    SeriesFile(
      "node_bcache_btree_read_average_duration_seconds",
      "internal/btree_read_average_duration_us", .gauge, "Average duration of a read of the tree.",
      unit: 1e-9),
    SeriesFile(
      "node_bcache_cache_read_races_total", "internal/cache_read_races", .counter,
      "Reads whose data was reused meanwhile."),
  ]
  private static let ofBackingDevice = [
    SeriesFile(
      "node_bcache_dirty_data_bytes", "dirty_data", .gauge, "Dirty data in the cache, in bytes."),
    SeriesFile(
      "node_bcache_bypassed_bytes_total", "stats_total/bypassed", .counter,
      "Bytes that went past the cache."),
    SeriesFile(
      "node_bcache_cache_hits_total", "stats_total/cache_hits", .counter, "Hits of the cache."),
    SeriesFile(
      "node_bcache_cache_misses_total", "stats_total/cache_misses", .counter,
      "Misses of the cache."),
    SeriesFile(
      "node_bcache_cache_bypass_hits_total", "stats_total/cache_bypass_hits", .counter,
      "Hits of what was meant to go past the cache."),
    SeriesFile(
      "node_bcache_cache_bypass_misses_total", "stats_total/cache_bypass_misses", .counter,
      "Misses of what was meant to go past the cache."),
    SeriesFile(
      "node_bcache_cache_miss_collisions_total", "stats_total/cache_miss_collisions", .counter,
      "Misses whose data was written meanwhile."),
    SeriesFile(
      "node_bcache_cache_readaheads_total", "stats_total/cache_readaheads", .counter,
      "Reads ahead."),
  ]
  private static let ofCache = [
    SeriesFile(
      "node_bcache_io_errors", "io_errors", .gauge, "Errors, of which old ones count less."),
    SeriesFile(
      "node_bcache_metadata_written_bytes_total", "metadata_written", .counter,
      "Bytes written that are not data."),
    SeriesFile(
      "node_bcache_written_bytes_total", "written", .counter, "Bytes written to the cache."),
  ]
  /// Lines of `writeback_rate_debug`.
  private static let ofWriteback = [
    ("target:", "dirty_target_bytes", "Dirty data that is aimed at, in bytes."),
    ("rate:", "writeback_rate", "Bytes that are written back a second."),
    (
      "proportional:", "writeback_rate_proportional_term",
      "Part of the rate by the distance from the target."
    ),
    ("integral:", "writeback_rate_integral_term", "Part of the rate by what was before."),
    ("change:", "writeback_change", "Last change of the rate."),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let folder = "\(host.sys)/fs/bcache"
    let sets = host.names(in: folder).filter { $0.contains("-") }
    for set in sets {
      add(Self.ofSet, in: "\(folder)/\(set)", host, &batch, ["uuid": set])
      for name in host.names(in: "\(folder)/\(set)") {
        let inside = "\(folder)/\(set)/\(name)"
        if name.isNumbered("bdev") {
          let labels: KeyValuePairs = ["backing_device": name, "uuid": set]
          add(Self.ofBackingDevice, in: inside, host, &batch, labels)
          addWriteback(inside, host, &batch, labels)
        } else if name.isNumbered("cache") {
          add(Self.ofCache, in: inside, host, &batch, ["cache_device": name, "uuid": set])
        }
      }
    }
    return true
  }

  private func add(
    _ series: [SeriesFile], in folder: String, _ host: HostFiles, _ batch: inout MetricBatch,
    _ labels: KeyValuePairs<String, String>
  ) {
    for one in series {
      let value = host.word("\(folder)/\(one.file)").flatMap { Self.number($0[...]) } ?? 0
      batch.add(one.name, one.kind, one.help, value * one.unit, labels)
    }
  }

  private func addWriteback(
    _ folder: String, _ host: HostFiles, _ batch: inout MetricBatch,
    _ labels: KeyValuePairs<String, String>
  ) {
    guard let lines = host.lines("\(folder)/writeback_rate_debug") else { return }
    for (key, name, help) in Self.ofWriteback {
      let line = lines.first { $0.hasPrefix(key) }
      guard var word = line?.split(whereSeparator: \.isWhitespace).last else { continue }
      if word.hasSuffix("/sec") { word = word.dropLast(4) }
      batch.add("node_bcache_\(name)", .gauge, help, Self.number(word), labels)
    }
  }

  /// A size as `bch_hprint` writes it: `1.1k` is one and a little more than a tenth.
  ///
  /// What stands behind the point counts 1/1,024 of ten parts, and the letter powers of 1,024.
  static func number(_ text: Substring) -> Double? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text
    var value: Double?
    if let letter = digits.last, let power = "kMGTPEZY".firstIndex(of: letter) {
      let parts = digits.dropLast().split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count <= 2, let whole = parts.first.flatMap({ Double($0) }) else { return nil }
      let rest = parts.count == 2 ? Double(parts[1]).map { $0 / 10.24 } : 0
      var unit = 1_024.0
      for _ in "kMGTPEZY"[..<power] { unit *= 1_024 }
      value = rest.map { (($0 + whole) * unit).rounded(.down) }
    } else {
      value = Double(digits)
    }
    return digits.startIndex == text.startIndex ? value : value.map { -$0 }
  }
}
