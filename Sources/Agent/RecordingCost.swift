package import BPFRuntime
package import ProfileModel
package import Sampling

/// What a recording cost the host.
package struct RecordingCost: Sendable {
  /// CPU time of wick itself, in seconds.
  package var cpuSeconds: Double
  /// CPU time of the programs in the kernel, in seconds; nil where the kernel does not measure it.
  package var bpfSeconds: Double?
  package var peakResidentBytes: UInt64
  /// What the unwind tables hold: `files`, `rows`, `shard_bytes`, `kernel_bytes` (all maps of the
  /// walker), `evictions`, `refusals`, `processes`.
  package var tables: [(String, UInt64)] = []
  /// Nil unless stacks were verified.
  package var comparison: WalkComparison.Counts?
  /// By event, in the order of the profiles; nil for those without spans.
  package var spans: [SpanFigures?] = []
  /// What each program in the kernel has taken; empty where the kernel does not measure it.
  package var programs: [ProgramRuns] = []
}
