/// What the sampler of a daemon tells of itself; all counts are since its start.
package struct SamplerFigures: Hashable, Sendable {
  /// CPU time of the programs in the kernel, in seconds; nil where the kernel does not measure it.
  package var bpfSeconds: Double?
  /// What the unwind tables hold, by the names of the summary: see `RecordingCost.tables`.
  package var tables: [String: UInt64] = [:]

  package init() {}
}
