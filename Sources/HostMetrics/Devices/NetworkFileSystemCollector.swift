import MetricModel

/// What this host asks NFS servers for.
///
/// - Source: kernel, `fs/nfs` and `net/sunrpc/stats.c`: `/proc/net/rpc/nfs`.
struct NetworkFileSystemCollector: Collector {
  static let name = "nfs"

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    guard let counts = RemoteProcedureCounts(host.lines("\(host.proc)/net/rpc/nfs")) else {
      return false
    }
    for (protocolName, column) in [("udp", 1), ("tcp", 2)] {
      batch.add(
        "node_nfs_packets_total", .counter, "Packets of NFS.", counts["net", column],
        ["protocol": protocolName])
    }
    batch.add(
      "node_nfs_connections_total", .counter, "Connections of NFS by TCP.", counts["net", 3])
    batch.add("node_nfs_rpcs_total", .counter, "Procedures called.", counts["rpc", 0])
    batch.add(
      "node_nfs_rpc_retransmissions_total", .counter, "Calls that were sent again.",
      counts["rpc", 1])
    batch.add(
      "node_nfs_rpc_authentication_refreshes_total", .counter, "Refreshes of authentication.",
      counts["rpc", 2])
    let procedures = [
      ("2", "proc2", RemoteProcedureNames.version2), ("3", "proc3", RemoteProcedureNames.version3),
      ("4", "proc4", RemoteProcedureNames.client4),
    ]
    for (version, key, names) in procedures {
      for (method, value) in counts.named(key, names, padded: version == "4") {
        batch.add(
          "node_nfs_requests_total", .counter, "Calls by procedure.", value,
          ["method": method, "proto": version])
      }
    }
    return true
  }
}
