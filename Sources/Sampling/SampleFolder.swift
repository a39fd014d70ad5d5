import BPFShared
import ELF
import LinuxHost
import ProcessTracking
package import ProfileModel
import RemoteUnwinding

/// Turns samples into a profile: takes over the kernel's stacks, has the others completed, folds
/// equal ones, keeps the ledger.
package final class SampleFolder {
  package private(set) var builder: ProfileBuilder
  /// Where the code of each mapping of the profile comes from, by its number.
  package private(set) var origins: [CodeOrigin] = []

  private let processes: ProcessTable
  private let completion: StackCompletion
  private let unwinding: KernelUnwinding
  private let options: SamplerOptions
  /// Nil unless every stack is copied as well.
  package let comparison: WalkComparison?
  /// Nil unless samples are captured.
  package let capture: SampleCapture?
  private let roots: HostRoots
  private var sentStacks = SentStacks()
  private var walked = WalkedStack()
  private var key: [UInt64] = []
  private var executableNumbers: [ObjectIdentifier: UInt32] = [:]
  private var generatedNumbers: [ObjectIdentifier: UInt32] = [:]
  /// Keeps the images of `generatedNumbers`, so that no other gets their identity.
  private var generating: [ProcessImage] = []
  private var kernelNumber: UInt32?

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
    completion = StackCompletion(processes: processes, unwinding: unwinding, options: options)
    builder = ProfileBuilder(profile, stackLimit: Limits.distinctStacks)
  }

  /// In which epoch the kernel is to send each stack once.
  var stackEpoch: UInt32 { sentStacks.epoch }

  func dropMalformed() { builder.profile.ledger.drop(.malformedRecord, count: 1) }

  package func finish(taken: UInt64, dropped: [DropReason: UInt64]) {
    builder.profile.ledger.taken = taken
    for (reason, count) in dropped { builder.profile.ledger.drop(reason, count: count) }
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
      builder.profile.ledger.drop(.stackMissed, count: 1)
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
    if walked.usedFramePointer { builder.profile.ledger.framePointer += 1 }
    let before = builder.profile.ledger.complete
    fold(header, image)
    let isWalked = header.walkEnd == WALK_COMPLETE || header.walkEnd == WALK_NO_USER_SIDE
    if isWalked, builder.profile.ledger.complete > before {
      builder.profile.ledger.walkedInKernel += 1
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

// Folding.
extension SampleFolder {
  private func fold(_ sample: SampleHeader, _ image: ProcessImage) {
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

  private func identity(of sample: SampleHeader, strings: inout StringTable) -> ThreadIdentity {
    ThreadIdentity(
      pid: sample.pid, tid: sample.tid,
      process: strings.intern(SampleHeader.string(sample.processName)),
      thread: strings.intern(SampleHeader.string(sample.threadName)))
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
