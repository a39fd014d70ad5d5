/// What a recording cost the host.
package struct RecordingCost: Hashable, Sendable {
  /// CPU time of wick itself, in seconds.
  package var cpuSeconds: Double
  /// CPU time of the programs in the kernel, in seconds; nil where the kernel does not measure it.
  package var bpfSeconds: Double?
  package var peakResidentBytes: UInt64
}
