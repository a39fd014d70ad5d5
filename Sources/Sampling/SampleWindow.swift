import BPFShared
import ELF
import LinuxHost
import ProcessTracking
package import ProfileModel

/// The samples of a span of time, folded.
package final class SampleWindow {
  /// What it is a profile of.
  package let event: SampleEvent
  package private(set) var builder: ProfileBuilder
  /// Where the code of each mapping of the profile comes from, by its number.
  package private(set) var origins: [CodeOrigin] = []
  /// Whose samples it is for; empty where it is for all.
  let pids: Set<UInt32>

  /// The most that one sample of time adds.
  private let longestSpan: UInt64
  private let roots: HostRoots
  private let start = Clock.monotonic()
  private var key: [UInt64] = []
  /// Mappings of the profile by the file, or the process with generated code, that they stand for.
  private var numbers: [ObjectIdentifier: UInt32] = [:]
  /// Keeps what `numbers` identifies, so that nothing else gets its identity.
  private var owners: [AnyObject] = []
  private var kernelNumber: UInt32?
  /// Threads of the profile that `takeNewProcesses` has named already.
  private var knownThreads = 0
  /// Of an event whose samples stand for themselves: what is known of each, in their order.
  package private(set) var exemplars: [ExemplarFacts] = []
  /// Which samples allocations were counted with; nil unless it is asked what is not freed.
  private(set) var allocations: AllocationIndex?
  /// Locations of frames that are not code, by their text.
  private var marks: [String: UInt32] = [:]

  init(
    _ event: SampleEvent, _ profile: Profile, roots: HostRoots, pids: Set<UInt32> = [],
    longestSpan: UInt64 = .max, indexesAllocations: Bool = false
  ) {
    self.event = event
    self.roots = roots
    self.pids = pids
    self.longestSpan = event.sampleType.unit == "nanoseconds" ? longestSpan : .max
    if event == .allocations, indexesAllocations { allocations = AllocationIndex() }
    let limit = event == .exemplars ? Self.exemplarLimit : Limits.distinctStacks
    builder = ProfileBuilder(profile, stackLimit: limit)
    builder.profile.facts.startUnixNanoseconds = Clock.wall()
  }

  private static let exemplarLimit = 16_384

  package var profile: Profile { builder.profile }

  /// Samples that are in the profile.
  package var delivered: UInt64 {
    builder.profile.ledger.complete + builder.profile.ledger.partialTotal
  }

  /// The processes, with their names, of which samples have come since this was last called.
  ///
  /// A process may be named again when another of its threads is sampled.
  package func takeNewProcesses() -> [(pid: UInt32, name: String)] {
    let profile = builder.profile
    guard knownThreads < profile.threads.count else { return [] }
    defer { knownThreads = profile.threads.count }
    return profile.threads[knownThreads...].map { ($0.pid, profile.strings[$0.process]) }
  }

  func drop(_ reason: DropReason) { builder.profile.ledger.drop(reason, count: 1) }

  /// Says that no more samples are taken for it.
  func end() { builder.profile.facts.durationNanoseconds = Clock.monotonic() &- start }

  /// Counts samples that the kernel took.
  func finish(taken: UInt64, dropped: [DropReason: UInt64]) {
    // What was found without the kernel's counting is there already.
    builder.profile.ledger.taken += taken
    for (reason, count) in dropped { builder.profile.ledger.drop(reason, count: count) }
  }
}

// Folding.
extension SampleWindow {
  /// Adds time of a thread of which there is no stack.
  func add(_ time: UnseenTime, in image: ProcessImage) {
    builder.profile.ledger.taken += 1
    key.removeAll(keepingCapacity: true)
    key.append(UInt64(time.pid) << 32 | UInt64(time.tid))
    key.append(image.generation)
    key.append(UInt64.max - (time.isWaiting ? 1 : 0))
    let words = key
    builder.add(words.span, value: min(time.nanoseconds, longestSpan)) { builder in
      let identity = ThreadIdentity(
        pid: time.pid, tid: time.tid,
        process: builder.profile.strings.intern(time.processName),
        thread: builder.profile.strings.intern(time.threadName))
      let locations = [mark(time.mark, &builder)]
      return Sample(
        stack: builder.profile.stacks.intern(locations), thread: builder.number(of: identity),
        incomplete: .userStackNotTaken, count: 0, value: 0)
    }
  }

  /// Adds a sample with its stack.
  func add(_ walked: WalkedStack, of sample: SampleHeader, in image: ProcessImage) {
    if walked.usedFramePointer { builder.profile.ledger.framePointer += 1 }
    let before = builder.profile.ledger.complete
    fold(walked, of: sample, in: image)
    let isWalked = sample.walkEnd == WALK_COMPLETE || sample.walkEnd == WALK_NO_USER_SIDE
    if isWalked, builder.profile.ledger.complete > before {
      builder.profile.ledger.walkedInKernel += 1
    }
  }

  private func fold(_ walked: WalkedStack, of sample: SampleHeader, in image: ProcessImage) {
    key.removeAll(keepingCapacity: true)
    key.append(UInt64(sample.pid) << 32 | UInt64(sample.tid))
    key.append(sample.processName.0)
    key.append(sample.processName.1)
    key.append(sample.threadName.0)
    key.append(sample.threadName.1)
    key.append(image.generation)
    let reason = walked.incomplete.flatMap { IncompleteReason.allCases.firstIndex(of: $0) } ?? -1
    key.append(UInt64(bitPattern: Int64(reason)))
    key.append(UInt64(sample.kind.rawValue) << 32 | UInt64(sample.detail))
    key.append(UInt64(walked.waker?.tid ?? 0) << 1 | (walked.waker == nil ? 0 : 1))
    key.append(UInt64(walked.kernel.count))
    key.append(contentsOf: walked.kernel)
    key.append(contentsOf: walked.user)
    // With its time none is equal to another.
    if event == .exemplars { key.append(sample.time) }
    let words = key
    let value = event == .cpu ? nil : min(sample.value, longestSpan)
    let index = builder.add(words.span, value: value) { builder in
      if event == .exemplars {
        exemplars.append(ExemplarFacts(detail: sample.detail, time: sample.time))
      }
      let thread = builder.number(of: identity(of: sample, strings: &builder.profile.strings))
      let locations =
        marks(walked, of: sample, &builder) + kernelLocations(walked, &builder)
        + userLocations(walked, in: image, &builder)
      return Sample(
        stack: builder.profile.stacks.intern(locations), thread: thread,
        incomplete: walked.incomplete, count: 0, value: 0)
    }
    if let index { allocations?.add(sample, at: index) }
  }

  /// The frames that say what was waited for, by whom it was ended, or what was called: above the leaf.
  private func marks(
    _ walked: WalkedStack, of sample: SampleHeader, _ builder: inout ProfileBuilder
  ) -> [UInt32] {
    var texts: [String] = []
    if let waker = walked.waker { texts.append(waker.mark) }
    if let text = sample.mark(roots) { texts.append(text) }
    return texts.map { mark($0, &builder) }
  }

  private func mark(_ text: String, _ builder: inout ProfileBuilder) -> UInt32 {
    if let known = marks[text] { return known }
    let function = UInt32(builder.profile.functions.count)
    builder.profile.functions.append(
      Function(name: builder.profile.strings.intern(text), kind: .synthetic))
    let location = builder.number(of: Location(mapping: nil, offset: 0, function: function))
    marks[text] = location
    return location
  }

  private func identity(of sample: SampleHeader, strings: inout StringTable) -> ThreadIdentity {
    ThreadIdentity(
      pid: sample.pid, tid: sample.tid,
      process: strings.intern(SampleHeader.string(sample.processName)),
      thread: strings.intern(SampleHeader.string(sample.threadName)))
  }

  private func kernelLocations(
    _ walked: WalkedStack, _ builder: inout ProfileBuilder
  ) -> [UInt32] {
    guard !walked.kernel.isEmpty else { return [] }
    let mapping = kernelMapping(&builder)
    return walked.kernel.enumerated().map { index, address in
      let frame: FrameAddress = index == 0 ? .programCounter(address) : .returnAddress(address)
      return builder.number(of: Location(mapping: mapping, offset: frame.lookup))
    }
  }

  private func userLocations(
    _ walked: WalkedStack, in image: ProcessImage, _ builder: inout ProfileBuilder
  ) -> [UInt32] {
    walked.user.map { word in
      let address = word & ~WalkedStack.returnBit
      let frame: FrameAddress =
        word & WalkedStack.returnBit == 0 ? .programCounter(address) : .returnAddress(address)
      return builder.number(of: location(of: frame.lookup, in: image, &builder))
    }
  }

  private func location(
    of address: UInt64, in image: ProcessImage, _ builder: inout ProfileBuilder
  ) -> Location {
    guard let range = image.range(at: address) else {
      return Location(mapping: nil, offset: address)
    }
    let offset = address &- range.start &+ range.fileOffset
    switch image.contents(of: range) {
    case .executable(let file):
      let number = number(of: file, range, .executable(file.image), &builder)
      return Location(mapping: number, offset: offset)
    case .unopened, .unreadable:
      let number = number(of: range.file, range, .unreadable, &builder)
      return Location(mapping: number, offset: offset)
    case .generated:
      return Location(mapping: generatedMapping(image, &builder), offset: address)
    }
  }
}

// The profile's mappings.
extension SampleWindow {
  private func kernelMapping(_ builder: inout ProfileBuilder) -> UInt32 {
    if let kernelNumber { return kernelNumber }
    let path = builder.profile.strings.intern("[kernel]")
    let number = builder.append(Mapping(path: path, start: 1 << 63, end: UInt64.max))
    origins.append(.kernel)
    kernelNumber = number
    return number
  }

  private func generatedMapping(_ image: ProcessImage, _ builder: inout ProfileBuilder) -> UInt32 {
    if let known = numbers[ObjectIdentifier(image)] { return known }
    let path = builder.profile.strings.intern("[jit]")
    let number = builder.append(Mapping(path: path, start: 0, end: 1 << 47))
    origins.append(.generated(GeneratedCode(pid: image.pid, roots: roots)))
    remember(image, as: number)
    return number
  }

  /// One mapping a file; it spans all ranges of the file that were seen, as the first process that
  /// showed them has them.
  private func number(
    of file: AnyObject, _ range: MappedRange, _ origin: CodeOrigin,
    _ builder: inout ProfileBuilder
  ) -> UInt32 {
    if let known = numbers[ObjectIdentifier(file)] {
      builder.profile.mappings[Int(known)].include(range)
      return known
    }
    var buildID = StringTable.ID.empty
    if case .executable(let image) = origin, let id = image.buildID {
      buildID = builder.profile.strings.intern(id.hex)
    }
    let path = builder.profile.strings.intern(range.file.path)
    let number = builder.append(
      Mapping(
        path: path, buildID: buildID, start: range.start, end: range.end,
        fileOffset: range.fileOffset))
    origins.append(origin)
    remember(file, as: number)
    return number
  }

  private func remember(_ owner: AnyObject, as number: UInt32) {
    numbers[ObjectIdentifier(owner)] = number
    owners.append(owner)
  }
}

extension Mapping {
  /// Widens the mapping so that it covers a range of the same file.
  fileprivate mutating func include(_ range: MappedRange) {
    if range.fileOffset < fileOffset {
      let distance = fileOffset - range.fileOffset
      guard distance <= start else { return }
      start -= distance
      fileOffset = range.fileOffset
    }
    let reach = range.fileOffset &+ (range.end &- range.start) &- fileOffset
    if reach > end &- start { end = start &+ reach }
  }
}
