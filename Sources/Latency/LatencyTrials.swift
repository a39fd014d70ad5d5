import BPFRuntime
package import LinuxHost
import Sampling

/// Loads and attaches what measuring latencies needs of the kernel, for a moment.
package enum LatencyTrials {
  package static func all(roots: HostRoots) -> [Feature: FeatureTrial] {
    let trials = LatencyKind.allCases.map { kind in
      (kind.feature, SamplingTrials.trial(roots: roots) { try attempt(kind, roots: roots) })
    }
    return Dictionary(trials) { first, _ in first }
  }

  /// - Throws: what the kernel refuses.
  private static func attempt(_ kind: LatencyKind, roots: HostRoots) throws {
    var options = LatencyOptions()
    options.roots = roots
    options.slots = 16
    options.spareSlots = 4
    try LatencyCollector(kind, options: options).start()
  }
}

extension LatencyKind {
  /// What of the host it needs.
  package var feature: Feature {
    switch self {
    case .syscalls: .callLatency
    case .runqueue: .queueLatency
    case .block: .blockLatency
    case .tcp: .tcpLatency
    case .dns: .dnsLatency
    }
  }
}
