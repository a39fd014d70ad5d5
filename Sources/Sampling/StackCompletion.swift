import BPFShared
import LinuxHost
import ProcessTracking
import ProfileModel
import RemoteUnwinding
import UnwindTables

/// Walks the stacks that the kernel could not: first as the kernel would, by the tables over the copy
/// of the stack, then with libunwind.
final class StackCompletion {
  private let processes: ProcessTable
  private let unwinding: KernelUnwinding
  private let options: SamplerOptions
  private var frames: [UInt64] = []
  /// Images that hold a walker, in the order in which they got it.
  private var walking: [ProcessImage] = []

  init(processes: ProcessTable, unwinding: KernelUnwinding, options: SamplerOptions) {
    self.processes = processes
    self.unwinding = unwinding
    self.options = options
  }

  /// Finds the user frames of a sample, which was read from `record`, and why there are not more.
  func complete(
    _ sample: RawSample, of record: RawSpan, in image: ProcessImage, into walked: inout WalkedStack
  ) {
    let flags = sample.header.flags
    // Between the old program and the new there is no user stack.
    let address = sample.registers.programCounter
    if flags.contains(.inExec), image.range(at: address) == nil { return }
    if flags.contains(.inExec), sample.stackBytes == 0 { return }
    image.identity = (sample.header.program.startTime, sample.header.program.execCount)
    walk(sample, of: record, in: image, into: &walked)
    // Code may have been generated or loaded without an event since.
    let mayBeNews = walked.incomplete == .noMapping || walked.incomplete == .noUnwindInfo
    if mayBeNews, let missed = walked.missedAddress,
      processes.reconcile(image, address: missed, now: sample.header.time)
    {
      walk(sample, of: record, in: image, into: &walked)
    }
    unwinding.request(walked.user, in: image)
    // The kernel's walk may have come further than the copy reaches.
    if sample.header.stoppedAt != 0 { unwinding.request([sample.header.stoppedAt], in: image) }
    unwinding.publish(image, as: sample.header.program)
  }

  /// Finds the user frames both by the tables and with libunwind.
  func walkBothWays(_ sample: RawSample, of record: RawSpan, in image: ProcessImage)
    -> WalkComparison.Walk
  {
    var byTables = WalkedStack()
    let isWhole = walkByTables(sample, of: record, in: image, into: &byTables)
    var remote = WalkedStack()
    walkRemotely(sample, of: record, in: image, into: &remote)
    return WalkComparison.Walk(remote: remote, step: isWhole ? byTables.user : nil)
  }

  private func walk(
    _ sample: RawSample, of record: RawSpan, in image: ProcessImage, into walked: inout WalkedStack
  ) {
    walked.user.removeAll(keepingCapacity: true)
    walked.incomplete = nil
    walked.missedAddress = nil
    if walkByTables(sample, of: record, in: image, into: &walked) { return }
    walkRemotely(sample, of: record, in: image, into: &walked)
  }

  /// True if the tables lead to the start of the thread.
  private func walkByTables(
    _ sample: RawSample, of record: RawSpan, in image: ProcessImage, into walked: inout WalkedStack
  ) -> Bool {
    guard let block = unwinding.publish(image, as: sample.header.program) else { return false }
    let limit = Limits.frames - walked.kernel.count
    frames.append(contentsOf: repeatElement(0, count: max(0, limit - frames.count)))
    let result = unwinding.walk(sample, stack: sample.stack(of: record), in: block, frames: &frames)
    guard result.end == WALK_COMPLETE.rawValue else { return false }
    walked.user.append(contentsOf: frames)
    walked.usedFramePointer = result.usedFramePointer
    return true
  }

  /// Walks with libunwind, which knows all rules.
  private func walkRemotely(
    _ sample: RawSample, of record: RawSpan, in image: ProcessImage, into walked: inout WalkedStack
  ) {
    guard let walker = walker(for: image) else {
      walked.incomplete = .badUnwindInfo
      return
    }
    let returnsFromKernel = sample.header.flags.contains(.inSyscall)
    let limit = Limits.frames - walked.kernel.count
    let (end, usedFramePointer) = walker.walk(
      from: sample.registers, stack: sample.stack(of: record), in: image, limit: limit
    ) { address, isReturnAddress in
      // The leaf of a thread in a system call is the instruction behind the call.
      let isReturnAddress = isReturnAddress || (walked.user.isEmpty && returnsFromKernel)
      walked.user.append(
        address & ~WalkedStack.returnBit | (isReturnAddress ? WalkedStack.returnBit : 0))
    }
    walked.usedFramePointer = usedFramePointer
    walked.incomplete = reason(end, sample)
    // As in the kernel's step: the call that makes a thread has no unwind information.
    if sample.header.flags.contains(.atBirth), end == .noUnwindInfo, walked.user.count == 1 {
      walked.incomplete = nil
    }
    walked.missedAddress = walked.user.last.map { $0 & ~WalkedStack.returnBit }
    // An address outside of all mappings is what a failed step made up, not a caller.
    if end == .noMapping, walked.user.count > 1 { walked.user.removeLast() }
  }

  private func reason(_ end: WalkEnd, _ sample: RawSample) -> IncompleteReason? {
    switch end {
    case .start: nil
    case .beyondCopy where sample.stackBytes < sample.stackAllowed: .stackUnreadable
    case .beyondCopy where sample.belowBytes < sample.belowAllowed: .stackUnreadable
    case .beyondCopy where sample.stackBase != nil && sample.stackAllowed < options.stackBytes:
      .badFrame
    case .beyondCopy: .stackCopyTooShort
    case .noMapping: .noMapping
    case .noUnwindInfo: .noUnwindInfo
    case .badUnwindInfo: .badUnwindInfo
    case .fileUnreadable: .fileUnreadable
    case .badFrame: .badFrame
    case .tooManyFrames: .tooManyFrames
    }
  }

  /// Gives back what libunwind has read and remembers: in most windows only new programs need it.
  func rest() {
    guard !walking.isEmpty else { return }
    for image in walking { image.walker = nil }
    walking = []
    processes.store.forgetContents()
  }

  private func walker(for image: ProcessImage) -> StackWalker? {
    if let walker = image.walker { return walker }
    if walking.count >= Limits.cachedAddressSpaces {
      walking.prefix(walking.count / 2).forEach { $0.walker = nil }
      walking.removeFirst(walking.count / 2)
    }
    image.walker = StackWalker()
    walking.append(image)
    return image.walker
  }
}
