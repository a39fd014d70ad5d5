import BPFShared
import ELF
import LinuxHost
import ProcessTracking
import ProfileModel
import RemoteUnwinding

/// Turns samples into a profile: takes over the kernel's stacks, has the others completed, folds
/// equal ones, keeps the ledger.
package final class SampleFolder {
  /// What samples belong to that are taken now.
  package private(set) var window: SampleWindow
  /// The window before, while its last samples may be on their way.
  private(set) var closing: SampleWindow?
  /// Windows beside the others, each of a few processes.
  private var taps: [SampleWindow] = []
  /// What a window begins with.
  private var template: Profile

  private let processes: ProcessTable
  private let completion: StackCompletion
  private let unwinding: KernelUnwinding
  private let options: SamplerOptions
  /// Nil unless every stack is copied as well.
  package let comparison: WalkComparison?
  /// Nil unless samples are captured.
  package let capture: SampleCapture?
  private let roots: HostRoots
  private var sentStacks: SentStacks
  private var walked = WalkedStack()

  init(
    processes: ProcessTable, unwinding: KernelUnwinding, options: SamplerOptions, roots: HostRoots,
    profile: Profile
  ) {
    self.processes = processes
    self.unwinding = unwinding
    self.options = options
    comparison = options.comparesWalks ? WalkComparison() : nil
    capture = options.captures ? SampleCapture() : nil
    self.roots = roots
    sentStacks = SentStacks(frequency: options.frequency)
    completion = StackCompletion(processes: processes, unwinding: unwinding, options: options)
    var template = profile
    template.facts.frequency = options.frequency
    self.template = template
    window = SampleWindow(template, number: 0, roots: roots)
  }

  /// In which epoch the kernel is to send each stack once.
  var stackEpoch: UInt32 { sentStacks.epoch }

  func dropMalformed() { window.drop(.malformedRecord) }
}

// Windows.
extension SampleFolder {
  /// Begins the next window; the one before stays until `takeClosing`.
  ///
  /// - Parameter frequency: samples a second on each CPU, from now on.
  func beginWindow(frequency: Int) {
    template.facts.frequency = frequency
    template.period = SamplerOptions.period(frequency: frequency)
    window.end()
    completion.rest()
    closing = window
    window = SampleWindow(template, number: window.number &+ 1, roots: roots)
  }

  /// The window before; no more samples of it come.
  func takeClosing() -> SampleWindow? {
    defer { closing = nil }
    return closing
  }

  /// Also collects the samples of some processes apart, or of all if none is named, from now on.
  package func openTap(_ pids: Set<UInt32>) -> SampleWindow {
    let tap = SampleWindow(template, number: window.number, roots: roots, pids: pids)
    taps.append(tap)
    return tap
  }

  package func closeTap(_ tap: SampleWindow) {
    taps.removeAll { $0 === tap }
    tap.end()
    // The kernel counts no samples by process, so what was dropped is not among them.
    tap.finish(taken: tap.delivered, dropped: [:])
  }

  /// The window in which the kernel counted a sample.
  private func window(of header: SampleHeader) -> SampleWindow {
    if let closing, header.flags.contains(.oddWindow) == closing.isOdd { return closing }
    return window
  }
}

// The two kinds of samples.
extension SampleFolder {
  /// Adds a sample whose stack the kernel has walked.
  func add(_ sample: StackSample) {
    let header = sample.header
    if !header.flags.contains(.stackSent) {
      sentStacks.insert(sample.frames, id: header.stackID)
      add(header, frames: sample.frames)
    } else if let frames = sentStacks.frames(id: header.stackID),
      frames.count == header.kernelFrameCount + header.userFrameCount
    {
      add(header, frames: frames)
    } else {
      window(of: header).drop(.stackMissed)
      sentStacks.beginEpoch()
    }
  }

  private func add(_ header: SampleHeader, frames: [UInt64]) {
    let image = processes.image(at: header.time, pid: header.pid)
    walked.reset()
    walked.kernel.append(contentsOf: frames.prefix(header.kernelFrameCount))
    walked.user.append(contentsOf: frames.dropFirst(header.kernelFrameCount))
    walked.usedFramePointer = header.flags.contains(.framePointer)
    walked.incomplete = Self.reason(header)
    if header.flags.contains(.copyFollows) {
      comparison?.add(stack: walked.user, of: header, in: image)
      capture?.add(stack: walked.user, of: header)
    }
    cutWhereStale(header, in: image)
    finishStack(header, image)
  }

  /// Adds a sample whose stack has to be walked here; `record` is what it was read from.
  func add(_ sample: RawSample, of record: RawSpan) {
    let header = sample.header
    let image = processes.image(at: header.time, pid: header.pid)
    walked.reset()
    for index in 0..<header.kernelFrameCount {
      walked.kernel.append(RawSample.kernelFrame(index, of: record))
    }
    if header.flags.contains(.copyFollows) {
      capture?.add(record, of: header, in: image)
      guard let comparison else { return }
      let walk = completion.walkBothWays(sample, of: record, in: image)
      comparison.add(walk, of: header, in: image)
      return
    }
    completion.complete(sample, of: record, in: image, into: &walked)
    finishStack(header, image)
  }

  private func finishStack(_ header: SampleHeader, _ image: ProcessImage) {
    if header.kernelFrameCount == SampleHeader.kernelFrameLimit {
      walked.incomplete = walked.incomplete ?? .tooManyFrames
    }
    window(of: header).add(walked, of: header, in: image)
    for tap in taps where tap.pids.isEmpty || tap.pids.contains(header.pid) {
      tap.add(walked, of: header, in: image)
    }
  }

  /// Takes away the frames that the kernel found by mappings which had been replaced by then.
  private func cutWhereStale(_ header: SampleHeader, in image: ProcessImage) {
    guard header.version != 0, image.hasReplacements else { return }
    let stale = walked.user.firstIndex { frame in
      image.isStale(address: frame & ~WalkedStack.returnBit, version: header.version)
    }
    guard let stale else { return }
    // The frame itself was found by the one before; what comes behind was found by its wrong rule.
    walked.user.removeLast(walked.user.count - stale - 1)
    walked.incomplete = .mappingChanged
    unwinding.publish(image, as: header.program)
  }

  /// Why a stack that the kernel walked is not whole.
  private static func reason(_ header: SampleHeader) -> IncompleteReason? {
    if header.flags.contains(.copyRefused) { return .copyRateLimited }
    if header.flags.contains(.copyRingFull) { return .copyRingFull }
    return switch header.walkEnd {
    case WALK_COMPLETE, WALK_NO_USER_SIDE: nil
    case WALK_32_BIT: .thirtyTwoBit
    case WALK_NO_REGISTERS: .noUserRegisters
    case WALK_NO_MAPPING, WALK_NO_PROCESS: .noMapping
    case WALK_NO_TABLE, WALK_NO_ROW: .noUnwindInfo
    case WALK_UNREADABLE: .stackUnreadable
    case WALK_BAD_FRAME: .badFrame
    case WALK_TOO_DEEP: .tooManyFrames
    default: .badUnwindInfo
    }
  }
}
