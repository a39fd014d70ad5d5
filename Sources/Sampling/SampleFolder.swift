import BPFShared
import ELF
import LinuxHost
import ProcessTracking
import ProfileModel
import RemoteUnwinding

/// Turns samples into a profile: takes over the kernel's stacks, has the others completed, folds
/// equal ones, keeps the ledger.
package final class SampleFolder {
  /// What samples belong to that are taken now: one window for each event, with the same number.
  package private(set) var windows: [SampleWindow]
  /// The windows before, while their last samples may be on their way.
  private(set) var closing: [SampleWindow] = []
  /// Windows beside the others, each of a few processes.
  private var taps: [SampleWindow] = []
  /// What a window begins with, before its event is known.
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
    windows = options.events.map { event in
      SampleWindow(
        event, Self.profile(of: event, template), roots: roots,
        longestSpan: options.longestSpan, indexesAllocations: options.allocations?.holds ?? false)
    }
  }

  /// An empty profile of an event.
  private static func profile(of event: SampleEvent, _ template: Profile) -> Profile {
    guard event != .cpu else { return template }
    var profile = template
    profile.sampleType = event.sampleType
    profile.period = 1
    profile.facts.event = event.rawValue
    if !event.needsClock { profile.facts.frequency = 0 }
    return profile
  }

  /// Counts how often windows have begun; the kernel knows the last bit of it.
  private(set) var windowNumber: UInt32 = 0

  /// In which epoch the kernel is to send each stack once.
  var stackEpoch: UInt32 { sentStacks.epoch }

  /// What it was a sample of cannot be told: one window has it.
  func dropMalformed() { windows.first?.drop(.malformedRecord) }

  /// Adds time of threads of which there is no stack, to the windows that are open.
  func add(_ times: [UnseenTime]) {
    for time in times {
      let image = processes.image(at: Clock.monotonic(), pid: time.pid)
      for window in windows where window.event.takes(time) { window.add(time, in: image) }
    }
  }
}

// Windows.
extension SampleFolder {
  /// Begins the next windows; those before stay until `takeClosing`.
  ///
  /// - Parameters:
  ///   - frequency: samples a second on each CPU, from now on.
  ///   - events: whose windows end; those of the others go on.
  func beginWindow(frequency: Int, events: Set<SampleEvent>) {
    template.facts.frequency = frequency
    template.period = SamplerOptions.period(frequency: frequency)
    completion.rest()
    windowNumber &+= 1
    closing = windows.filter { events.contains($0.event) }
    closing.forEach { $0.end() }
    windows = windows.map { window in
      guard events.contains(window.event) else { return window }
      return SampleWindow(
        window.event, Self.profile(of: window.event, template), roots: roots,
        longestSpan: options.longestSpan)
    }
  }

  /// The windows that samples belong to which were taken before the last `beginWindow`.
  var windowsBefore: [SampleWindow] {
    windows.map { window in closing.first { $0.event == window.event } ?? window }
  }

  /// The windows before; no more samples of them come.
  func takeClosing() -> [SampleWindow] {
    defer { closing = [] }
    return closing
  }

  /// Also collects the samples of some processes apart, or of all if none is named, from now on.
  ///
  /// - Parameters:
  ///   - pids: whose.
  ///   - event: of what.
  ///   - longestSpan: how much one wait adds at most, in nanoseconds: no more than the tap is open.
  /// - Returns: the window, which is to be closed with `closeTap`.
  package func openTap(
    _ pids: Set<UInt32>, event: SampleEvent = .cpu, longestSpan: UInt64 = .max
  ) -> SampleWindow {
    let tap = SampleWindow(
      event, Self.profile(of: event, template), roots: roots, pids: pids, longestSpan: longestSpan)
    taps.append(tap)
    return tap
  }

  package func closeTap(_ tap: SampleWindow) {
    taps.removeAll { $0 === tap }
    tap.end()
    // The kernel counts no samples by process, so what was dropped is not among them.
    tap.finish(taken: tap.delivered, dropped: [:])
  }

  /// The windows in which the kernel counted a sample, by their events.
  private func windows(of header: SampleHeader) -> [SampleWindow] {
    let isNow = header.flags.contains(.oddWindow) == (windowNumber & 1 == 1)
    return (isNow ? windows : windowsBefore).filter { $0.event.kinds.contains(header.kind) }
  }
}

// The two kinds of samples.
extension SampleFolder {
  /// Adds a sample whose stack the kernel has walked.
  func add(_ sample: StackSample) {
    let header = sample.header
    if !header.flags.contains(.stackSent) {
      sentStacks.insert(sample.frames, id: header.stackID)
      if header.kind != SAMPLE_ANNOUNCED { add(header, frames: sample.frames, sample.waker) }
    } else if let frames = sentStacks.frames(id: header.stackID),
      frames.count == header.kernelFrameCount + header.userFrameCount
    {
      add(header, frames: frames, sample.waker)
    } else {
      windows(of: header).forEach { $0.drop(.stackMissed) }
      sentStacks.beginEpoch()
    }
  }

  private func add(_ header: SampleHeader, frames: [UInt64], _ waker: SampleWaker?) {
    let image = processes.image(at: header.time, pid: header.pid)
    walked.reset()
    walked.waker = waker
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
    walked.waker = sample.waker
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
    windows(of: header).forEach { $0.add(walked, of: header, in: image) }
    for tap in taps
    where (tap.pids.isEmpty || tap.pids.contains(header.pid))
      && tap.event.kinds.contains(header.kind)
    {
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
    if header.flags.contains(.noUserStack) { return .userStackNotTaken }
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
