import BPFRuntime

/// A sample whose stack the kernel has walked: `struct stack_sample` of BPF/shared/events.h.
struct StackSample {
  let header: SampleHeader
  /// Kernel frames, then user frames, leaf first; none if they were sent before.
  let frames: [UInt64]
  let waker: SampleWaker?

  /// Nil when the record contradicts itself.
  init?(_ record: RawSpan) {
    guard let header = SampleHeader(record) else { return nil }
    let wasSent = header.flags.contains(.stackSent)
    let count = wasSent ? 0 : header.kernelFrameCount + header.userFrameCount
    let hasWaker = header.flags.contains(.hasWaker)
    let wordCount = count + (hasWaker ? SampleWaker.words : 0)
    guard record.byteCount >= SampleHeader.bytes + wordCount * 8 else { return nil }
    let words = RecordReader(record)
    waker = hasWaker ? SampleWaker(words, at: SampleHeader.bytes + count * 8) : nil
    self.header = header
    frames = (0..<count).map { words.u64(at: SampleHeader.bytes + $0 * 8) }
  }
}
