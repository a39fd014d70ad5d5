package import LinuxHost

/// What the sampler of a daemon tells of itself; all counts are since its start.
package struct SamplerFigures: Hashable, Sendable {
  /// CPU time of the programs in the kernel, in seconds; nil where it cannot be read.
  package var bpfSeconds: Double?
  /// What the unwind tables hold, by the names of the summary: see `RecordingCost.tables`.
  package var tables: [String: UInt64] = [:]
  /// Bytes that BPF maps take in the kernel.
  package var mapBytes: UInt64 = 0
  /// When the thread last told, in nanoseconds of the monotonic clock; 0 before it runs.
  package var lastTurn: UInt64 = 0
  /// Samples a second on each CPU.
  package var frequency = 0
  package var governor = Governor.State.normal
  /// Whether that is for memory's sake.
  package var isShortOfMemory = false
  /// Of the time of all CPUs, what wick cost in the last seconds.
  package var cpuShare = 0.0
  /// What is not measured for a while because of what it cost, in sentences.
  package var pauses: [Feature: String] = [:]
  /// How long that was so in all, in seconds.
  package var pausedSeconds: [Feature: Double] = [:]
  /// What of `profiling.events` the kernel refuses, in sentences.
  package var refused: [String] = []

  package init() {}
}
