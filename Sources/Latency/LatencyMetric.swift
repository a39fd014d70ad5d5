import MetricModel

/// The metrics that latencies are told by.
struct LatencyMetric: Hashable, Sendable {
  /// As Prometheus knows it.
  let name: String
  /// Beside those of what was measured.
  let labels: [MetricLabel]

  private init(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) {
    self.name = name
    self.labels = labels.map { MetricLabel($0.key, $0.value) }
  }

  static let interrupted = LatencyMetric("wick_syscall_interrupted_total")
}

extension LatencyMetric {
  /// Nil where the kind has no such figure.
  static func histogram(_ figure: LatencyFigure.Name, of kind: LatencyKind) -> LatencyMetric? {
    switch (kind, figure) {
    case (.syscalls, .duration): LatencyMetric("wick_syscall_duration_seconds")
    case (.runqueue, .duration): LatencyMetric("wick_runqueue_duration_seconds")
    case (.block, .duration): LatencyMetric("wick_block_duration_seconds")
    case (.block, .queue): LatencyMetric("wick_block_queue_duration_seconds")
    case (.tcp, .connect): LatencyMetric("wick_tcp_connect_duration_seconds")
    case (.tcp, .accept): LatencyMetric("wick_tcp_accept_duration_seconds")
    case (.tcp, .lifetime): LatencyMetric("wick_tcp_connection_duration_seconds")
    case (.tcp, .roundTrip): LatencyMetric("wick_tcp_round_trip_duration_seconds")
    case (.dns, .duration): LatencyMetric("wick_dns_duration_seconds")
    default: nil
    }
  }

  static func error(_ name: String, of kind: LatencyKind) -> LatencyMetric {
    switch (kind, name) {
    case (.tcp, "QUEUE_FULL"): LatencyMetric("wick_tcp_listen_overflows_total")
    case (.tcp, _): LatencyMetric("wick_tcp_connect_failures_total", ["reason": name])
    case (.dns, "TIMEOUT"): LatencyMetric("wick_dns_timeouts_total")
    case (.dns, _): LatencyMetric("wick_dns_responses_total", ["code": name])
    case (.block, _): LatencyMetric("wick_block_errors_total", ["error": name])
    case (.syscalls, _), (.runqueue, _):
      LatencyMetric("wick_syscall_errors_total", ["error": name])
    }
  }

  /// Nil for what others tell.
  static func count(_ name: String, of kind: LatencyKind) -> LatencyMetric? {
    switch (kind, name) {
    case (.tcp, "connected"): LatencyMetric("wick_tcp_connections_total", ["role": "client"])
    case (.tcp, "accepted"): LatencyMetric("wick_tcp_connections_total", ["role": "server"])
    case (.tcp, "closed"): LatencyMetric("wick_tcp_closed_connections_total")
    case (.tcp, "retransmits"): LatencyMetric("wick_tcp_retransmits_total")
    case (.tcp, "resets_received"):
      LatencyMetric("wick_tcp_resets_total", ["direction": "received"])
    case (.tcp, "resets_sent"): LatencyMetric("wick_tcp_resets_total", ["direction": "sent"])
    case (.tcp, "zero_windows"): LatencyMetric("wick_tcp_zero_windows_total", ["side": "peer"])
    case (.tcp, "own_zero_windows"):
      LatencyMetric("wick_tcp_zero_windows_total", ["side": "service"])
    case (.tcp, "bytes_sent"): LatencyMetric("wick_tcp_bytes_total", ["direction": "sent"])
    case (.tcp, "bytes_received"):
      LatencyMetric("wick_tcp_bytes_total", ["direction": "received"])
    case (.dns, "NOERROR"): LatencyMetric("wick_dns_responses_total", ["code": "NOERROR"])
    case (.dns, "queries"): LatencyMetric("wick_dns_queries_total")
    case (.dns, "resent"): LatencyMetric("wick_dns_resent_queries_total")
    case (.dns, "truncated"): LatencyMetric("wick_dns_truncated_responses_total")
    default: nil
    }
  }

  /// The names of all metrics of a kind.
  static func names(of kind: LatencyKind) -> [String] {
    let beginning =
      switch kind {
      case .syscalls: "wick_syscall_"
      case .runqueue: "wick_runqueue_"
      case .block: "wick_block_"
      case .tcp: "wick_tcp_"
      case .dns: "wick_dns_"
      }
    return helps.keys.filter { $0.hasPrefix(beginning) }
  }

  static func help(of name: String) -> String { helps[name] ?? "" }

  private static let helps = [
    "wick_syscall_duration_seconds": "How long system calls of a service took.",
    "wick_syscall_errors_total": "System calls of a service that failed.",
    "wick_syscall_interrupted_total":
      "System calls of a service that a signal ended early, to go on or to be made again.",
    "wick_runqueue_duration_seconds":
      "How long threads of a service that could run waited for a CPU.",
    "wick_block_duration_seconds": "How long devices worked on the requests of a service.",
    "wick_block_queue_duration_seconds":
      "How long requests of a service waited before a device had them.",
    "wick_block_errors_total": "Requests of a service that failed on a device.",
    "wick_tcp_connect_duration_seconds": "How long it took a service to connect.",
    "wick_tcp_accept_duration_seconds":
      "How long connections waited until a service accepted them.",
    "wick_tcp_connection_duration_seconds": "How long connections of a service lasted.",
    "wick_tcp_round_trip_duration_seconds": "Smoothed round-trip times of a service's connections.",
    "wick_tcp_connections_total": "Connections that a service has made or accepted.",
    "wick_tcp_closed_connections_total": "Connections of a service that ended.",
    "wick_tcp_connect_failures_total": "Connections that a service could not make.",
    "wick_tcp_listen_overflows_total":
      "Connections that were dropped, for a service did not accept them in time.",
    "wick_tcp_retransmits_total": "Segments that a service's connections sent again.",
    "wick_tcp_resets_total": "Connections of a service that were reset.",
    "wick_tcp_zero_windows_total":
      "How often one side of a service's connections could take no more.",
    "wick_tcp_bytes_total": "Bytes that a service has sent and received over TCP.",
    "wick_dns_duration_seconds": "How long DNS servers took to answer a service.",
    "wick_dns_responses_total": "Answers of DNS servers to a service.",
    "wick_dns_queries_total": "Queries of a service to DNS servers.",
    "wick_dns_timeouts_total": "Queries of a service that had no answer in five seconds.",
    "wick_dns_resent_queries_total": "Queries that a service sent again.",
    "wick_dns_truncated_responses_total": "Answers that did not fit into a packet.",
  ]
}
