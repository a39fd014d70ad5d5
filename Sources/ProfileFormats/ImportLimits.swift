/// How much a file to import may hold, so that a hostile one cannot exhaust memory.
package struct ImportLimits: Sendable {
  /// Bytes of a line; a longer line is skipped.
  package var lineBytes = 1 << 20
  /// Frames of a stack; a sample with more is skipped.
  package var stackFrames = 1 << 14
  /// Bytes that the distinct names and stacks may take together.
  ///
  /// A sample that would need more is counted as dropped.
  package var distinctBytes = 1 << 30

  package init() {}
}

/// What an import could not use.
package struct ImportNotes: Hashable, Sendable {
  /// Lines or samples that were malformed or over a limit.
  package var skipped: UInt64 = 0
  /// Number of the first such line, counted from 1; 0 if there is none.
  package var firstSkipped: UInt64 = 0
  /// Samples of another event than the first, which cannot be added to it.
  package var otherEvents: UInt64 = 0

  package init() {}

  mutating func skip(at position: UInt64) {
    skipped += 1
    if firstSkipped == 0 { firstSkipped = position }
  }
}
