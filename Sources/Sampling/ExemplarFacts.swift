/// What is known of a slow operation beside its stack, its thread and its value.
package struct ExemplarFacts: Hashable, Sendable {
  /// What it was, by who measures it.
  package let detail: UInt32
  /// Nanoseconds of `CLOCK_MONOTONIC`, when the stack was taken.
  package let time: UInt64
}
