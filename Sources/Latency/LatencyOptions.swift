package import LinuxHost
package import Sampling

/// How to measure latencies.
package struct LatencyOptions: Sendable {
  package var target = SampleTarget.everything
  /// Histograms of processes that are held at once, at 1 KiB in the kernel and 1 KiB here; what
  /// finds none is counted without its process.
  package var slots = 4_096
  /// The same for what has no process.
  package var spareSlots = 512
  /// Pairs of a histogram and an error that are counted at once.
  package var errors = 8_192
  /// Stacks of slow values in a second on each CPU, in the long run; 0 for none.
  package var exemplarsPerSecond = 20
  /// Tells collectors apart that share a sampler, from 0 to 15.
  package var number: UInt32 = 0
  package var roots = HostRoots()

  package init() {}
}
