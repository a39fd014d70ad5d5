import MetricModel

/// What the NFS server of this host does.
///
/// - Source: kernel, `fs/nfsd/stats.c`: `/proc/net/rpc/nfsd`.
struct NetworkFileServerCollector: Collector {
  static let name = "nfsd"

  /// Series with their line and column.
  private static let series: [(String, MetricDescriptor.Kind, String, String, Int)] = [
    ("reply_cache_hits_total", .counter, "Replies sent again from the cache.", "rc", 0),
    ("reply_cache_misses_total", .counter, "Replies that were put into the cache.", "rc", 1),
    ("reply_cache_nocache_total", .counter, "Replies that need no cache.", "rc", 2),
    ("file_handles_stale_total", .counter, "Handles of files that are gone.", "fh", 0),
    ("disk_bytes_read_total", .counter, "Bytes read.", "io", 0),
    ("disk_bytes_written_total", .counter, "Bytes written.", "io", 1),
    ("server_threads", .gauge, "Threads of the server.", "th", 0),
    ("read_ahead_cache_size_blocks", .gauge, "Size of the cache for reading ahead.", "ra", 0),
    ("read_ahead_cache_not_found_total", .counter, "Misses of that cache.", "ra", 11),
    ("connections_total", .counter, "Connections by TCP.", "net", 3),
    ("server_rpcs_total", .counter, "Procedures called.", "rpc", 0),
  ]

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let counts = RemoteProcedureCounts(host.lines("\(host.proc)/net/rpc/nfsd")) else {
      return false
    }
    for (name, kind, help, key, column) in Self.series {
      batch.add("node_nfsd_\(name)", kind, help, counts[key, column])
    }
    for (protocolName, column) in [("udp", 1), ("tcp", 2)] {
      batch.add(
        "node_nfsd_packets_total", .counter, "Packets of the server.", counts["net", column],
        ["proto": protocolName])
    }
    for (error, column) in [("fmt", 2), ("auth", 3), ("cInt", 4)] {
      batch.add(
        "node_nfsd_rpc_errors_total", .counter, "Calls with an error.", counts["rpc", column],
        ["error": error])
    }
    let procedures = [
      ("2", "proc2", RemoteProcedureNames.version2), ("3", "proc3", RemoteProcedureNames.version3),
      ("4", "proc4ops", RemoteProcedureNames.server4),
    ]
    for (version, key, names) in procedures {
      for (method, value) in counts.named(key, names, padded: false)
      where !RemoteProcedureNames.unusedByServer.contains(method) {
        batch.add(
          "node_nfsd_requests_total", .counter, "Calls by procedure.", value,
          ["method": method, "proto": version])
      }
    }
    return true
  }
}
