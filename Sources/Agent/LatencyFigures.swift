import LinuxHost
import Latency

/// What measuring latencies costs, and what of it does not go on.
struct LatencyFigures: Sendable {
  /// CPU time of the programs in the kernel, in seconds, by kind.
  var bpfSeconds: [LatencyKind: Double] = [:]
  /// CPU time of ours that loading them has taken, in seconds.
  var loadingSeconds = 0.0
  /// Bytes that their maps take.
  var mapBytes: UInt64 = 0
  /// What the kernel refuses.
  var refused: [LatencyKind: FeatureProblem] = [:]
  /// What rests because of its cost, in sentences.
  var pauses: [LatencyKind: String] = [:]
  /// What this kernel does not let us see, in sentences.
  var limitations: [LatencyKind: String] = [:]
  /// Nanoseconds in which a kind was not measured, since it first was.
  var pausedNanoseconds: [LatencyKind: UInt64] = [:]

  init() {}
}
