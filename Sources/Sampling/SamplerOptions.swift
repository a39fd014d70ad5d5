package import PerfEvents

/// How to sample.
package struct SamplerOptions: Sendable {
  package var target = SampleTarget.everything
  /// Samples a second on each CPU.
  package var frequency = 99
  /// How much of each stack is copied, in bytes.
  package var stackBytes = 16_384
  package var wantsKernelFrames = true
  package var wantsUserFrames = true
  package var trigger = SampleTrigger.cpuClock
  /// Bytes of the ring between kernel and wick, a power of two; nil for two seconds of samples.
  package var ringBytes: Int?

  package init() {}

  /// What one sample stands for, in nanoseconds of CPU time.
  package var period: UInt64 { 1_000_000_000 / UInt64(max(1, frequency)) }
}
