import LinuxHost

/// What the latency of is measured.
package enum LatencyKind: String, CaseIterable, Sendable {
  case syscalls, runqueue, block, tcp, dns

  /// What each histogram is of, as the title of a column.
  package var subject: String {
    switch self {
    case .syscalls: "CALL"
    case .runqueue: "RUNNABLE"
    case .block: "DEVICE, OPERATION"
    case .tcp: "WHAT, PEER"
    case .dns: "SERVER"
    }
  }

  func source(roots: HostRoots) -> any LatencySource {
    switch self {
    case .syscalls: CallLatency(roots: roots)
    case .runqueue: QueueLatency(roots: roots)
    case .block: BlockLatency(roots: roots)
    case .tcp: TCPLatency(roots: roots)
    case .dns: DNSLatency(roots: roots)
    }
  }
}
