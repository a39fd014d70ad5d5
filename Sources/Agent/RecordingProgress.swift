/// How a recording stands.
package struct RecordingProgress: Sendable {
  package let elapsed: Duration
  package let samples: UInt64
  /// Share of complete stacks so far, from 0 to 1.
  package let coverage: Double
}
