/// What the sampler of a daemon tells of itself; all counts are since its start.
package struct SamplerFigures: Hashable, Sendable {
  /// CPU time of the programs in the kernel, in seconds; nil where the kernel does not measure it.
  package var bpfSeconds: Double?
  /// Samples a second on each CPU.
  package var frequency = 0
  /// What the unwind tables hold, by the names of the summary: see `RecordingCost.tables`.
  package var tables: [String: UInt64] = [:]
  /// Changes of processes that the kernel could not report.
  package var lostProcessEvents: UInt64 = 0

  package init() {}
}
