/// What happened to every sample that the kernel took: `taken = complete + partial + dropped`.
package struct Ledger: Hashable, Sendable {
  /// Samples by the kernel's own count.
  package var taken: UInt64 = 0
  /// Samples whose stack reaches the start of the thread.
  package var complete: UInt64 = 0
  package var partial: [IncompleteReason: UInt64] = [:]
  package var dropped: [DropReason: UInt64] = [:]
  /// Of the complete samples: those whose stack the kernel walked, at the sample's own time.
  package var walkedInKernel: UInt64 = 0
  /// Of the delivered samples: those with at least one step along frame pointers, for want of
  /// unwind information.
  package var framePointer: UInt64 = 0
  /// What the samples are samples of, where they are spans such as waits; nil where they are
  /// moments, or where the spans of one profile alone are not known.
  package var spans: SpanFigures?

  package init() {}

  package var partialTotal: UInt64 { partial.values.reduce(0, &+) }
  package var droppedTotal: UInt64 { dropped.values.reduce(0, &+) }

  /// Complete ÷ taken, from 0 to 1; 1 when nothing was taken.
  package var coverage: Double { taken == 0 ? 1 : Double(complete) / Double(taken) }

  package var isBalanced: Bool { taken == complete &+ partialTotal &+ droppedTotal }

  /// Counts one delivered sample.
  package mutating func deliver(_ incomplete: IncompleteReason?, count: UInt64 = 1) {
    guard let incomplete else {
      complete += count
      return
    }
    partial[incomplete, default: 0] += count
  }

  /// Counts what another ledger has counted.
  package mutating func add(_ other: Ledger) {
    taken += other.taken
    complete += other.complete
    partial.merge(other.partial, uniquingKeysWith: +)
    dropped.merge(other.dropped, uniquingKeysWith: +)
    walkedInKernel += other.walkedInKernel
    framePointer += other.framePointer
  }

  /// Counts all samples of another ledger as dropped, for this reason where they were not before.
  package mutating func drop(all other: Ledger, for reason: DropReason) {
    taken += other.taken
    dropped.merge(other.dropped, uniquingKeysWith: +)
    drop(reason, count: other.complete + other.partialTotal)
  }

  /// Counts some of the delivered samples as dropped instead, incomplete ones only when there are no
  /// others.
  package mutating func drop(delivered count: UInt64, for reason: DropReason) {
    var left = min(count, complete)
    complete -= left
    drop(reason, count: left)
    left = count - left
    for (incomplete, samples) in partial where left > 0 {
      let part = min(left, samples)
      partial[incomplete] = samples > part ? samples - part : nil
      drop(reason, count: part)
      left -= part
    }
    walkedInKernel = min(walkedInKernel, complete)
    framePointer = min(framePointer, complete + partialTotal)
  }

  package mutating func drop(_ reason: DropReason, count: UInt64) {
    guard count > 0 else { return }
    dropped[reason, default: 0] += count
  }
}
