import BPFRuntime
package import LinuxHost

/// Loads and attaches what measuring latencies needs of the kernel, for a moment.
package enum LatencyTrials {
  /// - Throws: what the kernel refuses.
  package static func attempt(_ kind: LatencyKind, roots: HostRoots) throws {
    var options = LatencyOptions()
    options.roots = roots
    options.slots = 16
    options.spareSlots = 4
    try LatencyCollector(kind, options: options).start()
  }
}
