package import LinuxHost
package import PerfEvents
import ProfileModel
import RemoteUnwinding

/// Which program every process runs and what it has mapped, kept up to date by the kernel's events.
///
/// Samples and events must be applied in the order of their times; then a process that has already
/// ended is still what it was when it was sampled. A sample that is a little late finds the program
/// in which it was taken as well.
package final class ProcessTable {
  package let store: ExecutableStore
  private let processes: Processes
  private var images: [UInt32: ProcessImage] = [:]
  private var lastGeneration: UInt64 = 0
  /// Ended processes, kept for a while because samples may still arrive.
  private var ended = PastImages()
  /// Programs that have a `previous` one, which late samples may still ask for.
  private var successors = PastImages()
  private var retired: [ProcessImage] = []
  /// Mapping events that the kernel could not deliver.
  package private(set) var lostEvents: UInt64 = 0

  private static let firstPause: UInt64 = 20_000_000
  private static let longestPause: UInt64 = 1_000_000_000
  private static let answersInARow = 32

  package init(roots: HostRoots) {
    store = ExecutableStore(roots: roots)
    processes = Processes(roots: roots)
  }

  /// Reads the mappings of processes that run already, the busiest first.
  package func scan(_ pids: [UInt32]) {
    for pid in processes.byActivity(pids) {
      synchronize(images[pid] ?? replaceImage(of: pid, at: 0))
    }
  }

  /// The program that a process ran at that time; an unknown process is looked up in `/proc`.
  package func image(at time: UInt64, pid: UInt32) -> ProcessImage {
    if let known = images[pid] {
      if known.mayBeWrong { rebuild(known) }
      return known.program(at: time)
    }
    let image = replaceImage(of: pid, at: 0)
    reconcile(image, now: time)
    return image
  }

  /// How many processes are known, ended ones included.
  package var count: Int { images.count }

  /// The programs that ended since this was last called and that had a mapping block.
  ///
  /// An image is named again if it was given another block after its end.
  package func takeRetired() -> [ProcessImage] {
    defer { retired = [] }
    return retired
  }

  package func apply(_ event: ProcessEvent) {
    switch event.kind {
    case .map(let memory):
      insert(memory, into: image(of: event.pid, at: event.time), holdOpen: true)
    case .exec:
      let tree = images[event.pid]?.tree
      replaceImage(of: event.pid, at: event.time).tree = tree
    case .fork(let parent):
      let child = replaceImage(of: event.pid, at: event.time)
      if let parent = images[parent] { child.copyMemory(of: parent.program(at: event.time)) }
    case .exit(let tid): noteExit(of: tid, pid: event.pid, at: event.time)
    case .lost(let count):
      lostEvents &+= count
      images.values.forEach { $0.mayBeWrong = true }
    }
    forgetExpired(now: event.time)
  }
}

// The life of an image.
extension ProcessTable {
  /// The program that a process ran at that time, without asking anybody.
  private func image(of pid: UInt32, at time: UInt64) -> ProcessImage {
    images[pid]?.program(at: time) ?? replaceImage(of: pid, at: 0)
  }

  @discardableResult
  private func replaceImage(of pid: UInt32, at time: UInt64) -> ProcessImage {
    if images.count >= Limits.trackedProcesses, images[pid] == nil { makeRoom() }
    let image = ProcessImage(pid: pid, generation: nextGeneration(), began: time, store: store)
    if let before = images[pid] {
      image.previous = before
      before.isPast = true
      retire(before)
      successors.append(image, at: time)
    }
    images[pid] = image
    return image
  }

  private func nextGeneration() -> UInt64 {
    lastGeneration += 1
    return lastGeneration
  }

  private func retire(_ image: ProcessImage) {
    // Without a publisher nobody would take it.
    if image.publication != nil || image.publishedVersion != 0 { retired.append(image) }
  }

  /// A process has ended when its last thread has; the first may end before the others.
  private func noteExit(of tid: UInt32, pid: UInt32, at time: UInt64) {
    guard let image = images[pid] else { return }
    if tid == pid, !image.leaderEnded {
      image.leaderEnded = true
      ended.append(image, at: time)
    }
    guard image.leaderEnded, !image.hasEnded, processes.threadCount(of: pid) <= 1 else { return }
    image.hasEnded = true
    retire(image)
  }

  private func forgetExpired(now: UInt64) {
    // Each event adds one of each at most, so more than one is enough to keep up.
    for _ in 0..<4 {
      guard let image = successors.popExpired(now: now) else { break }
      image.previous = nil
    }
    for _ in 0..<4 {
      guard let image = ended.popExpired(now: now) else { break }
      guard images[image.pid] === image else { continue }
      if !image.hasEnded, processes.threadCount(of: image.pid) > 1 {
        ended.append(image, at: now)
      } else {
        forget(image)
      }
    }
  }

  private func forget(_ image: ProcessImage) {
    images[image.pid] = nil
    image.isPast = true
    if !image.hasEnded || image.publication != nil { retire(image) }
  }

  /// Forgets the ended processes, then those whose end was never reported, in the end all: what is
  /// needed again is read from `/proc` again.
  private func makeRoom() {
    for old in ended.removeAll() where images[old.pid] === old { forget(old) }
    guard images.count >= Limits.trackedProcesses / 2 else { return }
    let running = Set(processes.all())
    for image in images.values where !running.contains(image.pid) { forget(image) }
    guard images.count >= Limits.trackedProcesses else { return }
    for image in images.values { forget(image) }
  }
}

// What is mapped.
extension ProcessTable {
  /// Takes over what `/proc` says, for an exec or a new mapping may have been missed.
  private func rebuild(_ image: ProcessImage) {
    image.mayBeWrong = false
    let before = image.forgetMemory()
    if !synchronize(image) { image.restoreMemory(before) }
    image.generation = nextGeneration()
    image.walker?.forget()
  }

  private func insert(_ memory: MappedMemory, into image: ProcessImage, holdOpen: Bool) {
    guard image.ranges.count < Limits.mappingsPerProcess, memory.start < memory.end else { return }
    let file = store.file(for: memory, in: image, holdOpen: holdOpen)
    let range = MappedRange(
      start: memory.start, end: memory.end, fileOffset: memory.fileOffset, file: file)
    if image.insert(range) {
      image.generation = nextGeneration()
      image.walker?.forget()
    }
  }

  /// Compares an image with `/proc`, because an address was not found in it.
  ///
  /// This finds what no event told: mappings of a process that was not known, or whose events are
  /// still on their way. A process that keeps missing is asked ever more rarely.
  ///
  /// With an `address`, the one that was not found, that mapping alone is asked for; without it, or
  /// if nothing is known of the process, all are read.
  ///
  /// - Returns: whether the process was asked.
  @discardableResult
  package func reconcile(_ image: ProcessImage, address: UInt64? = nil, now: UInt64) -> Bool {
    guard now >= image.nextReconciliation, !image.isPast else { return false }
    if let address, !image.ranges.isEmpty {
      switch processes.executableMapping(of: image.pid, at: address) {
      case .mapping(let line, let buildID):
        let isNews = insert(line, buildID: BuildID(bytes: buildID), into: image)
        // A stack that leads through several new files is not to wait for each of them.
        image.answers += 1
        if isNews, image.answers < Self.answersInARow { return true }
        pause(image, now: now)
        return true
      case .nothing:
        pause(image, now: now)
        return true
      case .unknown: break
      }
    }
    pause(image, now: now)
    return synchronize(image)
  }

  private func pause(_ image: ProcessImage, now: UInt64) {
    let pause = min(Self.firstPause << min(image.reconciliations, 6), Self.longestPause)
    image.nextReconciliation = now &+ pause
    image.reconciliations += 1
    image.answers = 0
  }

  @discardableResult
  private func synchronize(_ image: ProcessImage) -> Bool {
    guard let lines = processes.executableMappings(of: image.pid) else { return false }
    for line in lines.prefix(Limits.mappingsPerProcess) {
      insert(line, buildID: nil, into: image)
    }
    return true
  }

  /// False if the line says nothing new.
  @discardableResult
  private func insert(_ line: MemoryMapLine, buildID: BuildID?, into image: ProcessImage) -> Bool {
    let path = Array(line.path.prefix(Limits.nameBytes)).withoutDeletedMark
    if let known = image.range(at: line.start), known.matches(line, path: path) { return false }
    let memory = MappedMemory(
      start: line.start, end: line.end, fileOffset: line.fileOffset,
      device: DeviceNumber(major: line.deviceMajor, minor: line.deviceMinor), inode: line.inode,
      inodeGeneration: 0, buildID: buildID, path: path)
    insert(memory, into: image, holdOpen: false)
    return true
  }
}

extension MappedRange {
  /// Whether a line of `/proc/PID/maps` says nothing new.
  fileprivate func matches(_ line: MemoryMapLine, path: [UInt8]) -> Bool {
    guard start == line.start, end == line.end else { return false }
    // A file that is known by its build-id may be another copy of the one that is mapped.
    guard file.inode == line.inode || (file.buildID != nil && file.path == path) else {
      return false
    }
    return line.inode == 0 || fileOffset == line.fileOffset
  }
}

extension [UInt8] {
  /// The kernel appends a note to the path of a file that has no name any more.
  fileprivate var withoutDeletedMark: [UInt8] {
    let mark = Array(" (deleted)".utf8)
    return suffix(mark.count).elementsEqual(mark) ? Array(dropLast(mark.count)) : self
  }
}
