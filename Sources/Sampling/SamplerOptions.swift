package import PerfEvents

/// How to sample.
package struct SamplerOptions: Sendable {
  package var target = SampleTarget.everything
  /// What is profiled, each once.
  package var events: [SampleEvent] = [.cpu]
  /// The system calls that are measured, by kind: see `SystemCall`; empty for all.
  package var systemCalls: Set<UInt32> = []
  /// Whether it is told who ended a wait.
  package var wantsWakers = false
  /// Of the event `allocations`, which needs it.
  package var allocations: AllocationOptions?
  /// What each kind of probe may take of one CPU, from 0 to 1; above that fewer spans are sampled.
  package var maximumOverhead = 0.01
  /// Whether probes that cost too much even so are taken off for a while.
  package var mayPause = false
  /// Whether the kernel is to measure how long programs run, at two clock reads a run of every one
  /// on the host; else they measure themselves where that costs less.
  package var measuresRunTime = true
  /// The most that one wait or call adds to a profile, in nanoseconds.
  ///
  /// Where a profile is of a short time, what a long wait lasted before is not of that time.
  package var longestSpan = UInt64.max
  /// Samples a second on each CPU.
  package var frequency = 99
  /// How much of each stack is copied, in bytes.
  package var stackBytes = 65_536
  package var wantsKernelFrames = true
  package var wantsUserFrames = true
  package var trigger = SampleTrigger.cpuClock
  /// Bytes of the ring for samples that the kernel walked, a power of two; nil for some seconds of
  /// them.
  package var ringBytes: Int?
  /// Bytes of the ring for samples with a copied stack, a power of two; nil for a tenth of a second
  /// of nothing but the largest.
  package var copyRingBytes: Int?
  /// Bytes of stacks that each CPU may copy in a second, in the long run.
  package var copyBytesPerSecond = 8 << 20
  /// Bytes of memory for unwind tables.
  package var tableBytes = 64 << 20
  /// Copies every stack as well, and compares what libunwind makes of it.
  package var comparesWalks = false
  /// Copies every stack as well, and keeps what it takes to walk it again.
  package var captures = false

  /// What nobody outside knows, so that nobody can make two stacks with the same hash.
  let hashSeed = UInt64.random(in: 1...UInt64.max)

  package init() {}

  /// Whether stacks are copied that the kernel has walked.
  var copiesAll: Bool { comparesWalks || captures }

  /// Who wants all copies does not want the few refused that are needed.
  var copyBudget: Int { copiesAll ? 32 * copyBytesPerSecond : copyBytesPerSecond }

  /// What one sample stands for, in nanoseconds of CPU time.
  package var period: UInt64 { Self.period(frequency: frequency) }

  static func period(frequency: Int) -> UInt64 { 1_000_000_000 / UInt64(max(1, frequency)) }
}
