import ELF
import LinuxHost
import ProcessTracking
package import ProfileModel
import RemoteUnwinding

/// Turns raw samples into a profile: finds the callers, folds equal stacks, keeps the ledger.
package final class SampleFolder {
  package private(set) var builder: ProfileBuilder
  /// Where the code of each mapping of the profile comes from, by its number.
  package private(set) var origins: [CodeOrigin] = []

  private let processes: ProcessTable
  private let options: SamplerOptions
  private let roots: HostRoots
  private var walked = WalkedStack()
  private var key: [UInt64] = []
  private var executableNumbers: [ObjectIdentifier: UInt32] = [:]
  private var generatedNumbers: [ObjectIdentifier: UInt32] = [:]
  /// Keeps the images of `generatedNumbers`, so that no other gets their identity.
  private var generating: [ProcessImage] = []
  private var kernelNumber: UInt32?
  /// Images that hold a walker, in the order in which they got it.
  private var walking: [ProcessImage] = []

  init(
    processes: ProcessTable, options: SamplerOptions, roots: HostRoots, profile: Profile
  ) {
    self.processes = processes
    self.options = options
    self.roots = roots
    builder = ProfileBuilder(profile, stackLimit: Limits.distinctStacks)
  }

  /// Adds one record of the ring.
  ///
  /// - Parameters:
  ///   - record: a `struct raw_sample`, borrowed from the ring.
  ///   - prepare: brings the process table up to the sample's time.
  package func add(_ record: RawSpan, prepare: (_ time: UInt64) -> Void) {
    guard let sample = RawSample(record) else {
      builder.profile.ledger.drop(.malformedRecord, count: 1)
      return
    }
    prepare(sample.time)
    let image = processes.image(at: sample.time, pid: sample.pid)
    walked.reset()
    for index in 0..<sample.kernelFrameCount {
      walked.kernel.append(RawSample.kernelFrame(index, of: record))
    }
    let first = RawSample.headerBytes
    let stack = record.extracting(first..<first + sample.stackBytes + sample.belowBytes)
    walkUserSide(of: sample, stack: stack, in: image)
    if sample.kernelFrameCount == RawSample.kernelFrameLimit {
      walked.incomplete = walked.incomplete ?? .tooManyFrames
    }
    if walked.usedFramePointer { builder.profile.ledger.framePointer += 1 }
    fold(sample, image)
  }

  package func finish(taken: UInt64, dropped: [DropReason: UInt64]) {
    builder.profile.ledger.taken = taken
    for (reason, count) in dropped { builder.profile.ledger.drop(reason, count: count) }
  }
}

// Unwinding.
extension SampleFolder {
  private func walkUserSide(of sample: RawSample, stack: RawSpan, in image: ProcessImage) {
    guard options.wantsUserFrames, !sample.flags.contains(.kernelThread) else { return }
    guard sample.flags.contains(.userRegisters) else {
      walked.incomplete = .noUserRegisters
      return
    }
    guard !sample.flags.contains(.thirtyTwoBit) else {
      walked.incomplete = .thirtyTwoBit
      return
    }
    // Between the old program and the new there is no user stack.
    let address = sample.registers.programCounter
    if sample.flags.contains(.inExec), image.range(at: address) == nil { return }
    if sample.flags.contains(.inExec), sample.stackBytes == 0 { return }
    walk(sample, stack: stack, in: image)
    // Code may have been generated or loaded without an event since.
    let mayBeNews = walked.incomplete == .noMapping || walked.incomplete == .noUnwindInfo
    if mayBeNews, processes.reconcile(image, now: sample.time) {
      walk(sample, stack: stack, in: image)
    }
  }

  private func walk(_ sample: RawSample, stack: RawSpan, in image: ProcessImage) {
    walked.user.removeAll(keepingCapacity: true)
    guard let walker = walker(for: image) else {
      walked.incomplete = .badUnwindInfo
      return
    }
    let returnsFromKernel = sample.flags.contains(.inSyscall)
    let limit = Limits.frames - walked.kernel.count
    let copy = StackCopy(
      address: sample.stackAddress, count: sample.stackBytes, belowAddress: sample.belowAddress,
      base: sample.stackBase, bytes: stack)
    let (end, usedFramePointer) = walker.walk(
      from: sample.registers, stack: copy, in: image, limit: limit
    ) { address, isReturnAddress in
      // The leaf of a thread in a system call is the instruction behind the call.
      let isReturnAddress = isReturnAddress || (walked.user.isEmpty && returnsFromKernel)
      walked.user.append(
        address & ~WalkedStack.returnBit | (isReturnAddress ? WalkedStack.returnBit : 0))
    }
    walked.usedFramePointer = usedFramePointer
    walked.incomplete = reason(end, sample)
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

// Folding.
extension SampleFolder {
  private func fold(_ sample: RawSample, _ image: ProcessImage) {
    key.removeAll(keepingCapacity: true)
    key.append(UInt64(sample.pid) << 32 | UInt64(sample.tid))
    key.append(sample.processName.0)
    key.append(sample.processName.1)
    key.append(sample.threadName.0)
    key.append(sample.threadName.1)
    key.append(image.generation)
    let reason = walked.incomplete.flatMap { IncompleteReason.allCases.firstIndex(of: $0) } ?? -1
    key.append(UInt64(bitPattern: Int64(reason)))
    key.append(UInt64(walked.kernel.count))
    key.append(contentsOf: walked.kernel)
    key.append(contentsOf: walked.user)
    let words = key
    builder.add(words.span) { builder in
      let thread = builder.number(of: identity(of: sample, strings: &builder.profile.strings))
      let locations = kernelLocations(&builder) + userLocations(of: image, &builder)
      return Sample(
        stack: builder.profile.stacks.intern(locations), thread: thread,
        incomplete: walked.incomplete, count: 0, value: 0)
    }
  }

  private func identity(of sample: RawSample, strings: inout StringTable) -> ThreadIdentity {
    ThreadIdentity(
      pid: sample.pid, tid: sample.tid,
      process: strings.intern(RawSample.string(sample.processName)),
      thread: strings.intern(RawSample.string(sample.threadName)))
  }

  private func kernelLocations(_ builder: inout ProfileBuilder) -> [UInt32] {
    guard !walked.kernel.isEmpty else { return [] }
    let mapping = kernelMapping(&builder)
    return walked.kernel.enumerated().map { index, address in
      let frame: FrameAddress = index == 0 ? .programCounter(address) : .returnAddress(address)
      return builder.number(of: Location(mapping: mapping, offset: frame.lookup))
    }
  }

  private func userLocations(of image: ProcessImage, _ builder: inout ProfileBuilder) -> [UInt32] {
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
      let number = number(of: ObjectIdentifier(file), range, .executable(file), &builder)
      return Location(mapping: number, offset: offset)
    case .unopened, .unreadable:
      let number = number(of: ObjectIdentifier(range.file), range, .unreadable, &builder)
      return Location(mapping: number, offset: offset)
    case .generated:
      return Location(mapping: generatedMapping(image, &builder), offset: address)
    }
  }
}

// The profile's mappings.
extension SampleFolder {
  private func kernelMapping(_ builder: inout ProfileBuilder) -> UInt32 {
    if let kernelNumber { return kernelNumber }
    let path = builder.profile.strings.intern("[kernel]")
    let number = builder.append(Mapping(path: path, start: 1 << 63, end: UInt64.max))
    origins.append(.kernel)
    kernelNumber = number
    return number
  }

  private func generatedMapping(_ image: ProcessImage, _ builder: inout ProfileBuilder) -> UInt32 {
    if let known = generatedNumbers[ObjectIdentifier(image)] { return known }
    let path = builder.profile.strings.intern("[jit]")
    let number = builder.append(Mapping(path: path, start: 0, end: 1 << 47))
    origins.append(.generated(GeneratedCode(pid: image.pid, roots: roots)))
    generatedNumbers[ObjectIdentifier(image)] = number
    generating.append(image)
    return number
  }

  /// One mapping a file; it spans all ranges of the file that were seen, as the first process that
  /// showed them has them.
  private func number(
    of file: ObjectIdentifier, _ range: MappedRange, _ origin: CodeOrigin,
    _ builder: inout ProfileBuilder
  ) -> UInt32 {
    if let known = executableNumbers[file] {
      builder.profile.mappings[Int(known)].include(range)
      return known
    }
    var buildID = StringTable.ID.empty
    if case .executable(let executable) = origin, let id = executable.image.buildID {
      buildID = builder.profile.strings.intern(id.hex)
    }
    let path = builder.profile.strings.intern(range.file.path)
    let number = builder.append(
      Mapping(
        path: path, buildID: buildID, start: range.start, end: range.end,
        fileOffset: range.fileOffset))
    origins.append(origin)
    executableNumbers[file] = number
    return number
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
