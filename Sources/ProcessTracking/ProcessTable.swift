package import LinuxHost
package import PerfEvents
import RemoteUnwinding

/// Which program every process runs and what it has mapped, kept up to date by the kernel's events.
///
/// Samples and events must be applied in the order of their times; then a process that has already
/// ended is still what it was when it was sampled.
package final class ProcessTable {
  package let store: ExecutableStore
  private let processes: Processes
  private var images: [UInt32: ProcessImage] = [:]
  private var lastGeneration: UInt64 = 0
  /// Ended processes, oldest first, kept for a while because samples may still arrive.
  private var ended: [ProcessImage] = []
  /// Mapping events that the kernel could not deliver.
  package private(set) var lostEvents: UInt64 = 0

  private static let endedToKeep = 4_096
  private static let firstPause: UInt64 = 20_000_000
  private static let longestPause: UInt64 = 1_000_000_000

  package init(roots: HostRoots) {
    store = ExecutableStore(roots: roots)
    processes = Processes(roots: roots)
  }

  /// Reads the mappings of processes that run already.
  package func scan(_ pids: [UInt32]) {
    for pid in pids { synchronize(image(of: pid)) }
  }

  /// The program that a process runs; an unknown process is looked up in `/proc`.
  package func image(at time: UInt64, pid: UInt32) -> ProcessImage {
    if let known = images[pid] {
      if known.mayBeWrong { rebuild(known) }
      return known
    }
    let image = image(of: pid)
    reconcile(image, now: time)
    return image
  }

  private func image(of pid: UInt32) -> ProcessImage {
    if let known = images[pid] { return known }
    return replaceImage(of: pid)
  }

  /// How many processes are known, ended ones included.
  package var count: Int { images.count }

  @discardableResult
  private func replaceImage(of pid: UInt32) -> ProcessImage {
    if images.count >= Limits.trackedProcesses, images[pid] == nil { makeRoom() }
    let image = ProcessImage(pid: pid, generation: nextGeneration(), store: store)
    images[pid] = image
    return image
  }

  private func nextGeneration() -> UInt64 {
    lastGeneration += 1
    return lastGeneration
  }

  package func apply(_ event: ProcessEvent) {
    switch event.kind {
    case .map(let memory): insert(memory, into: image(of: event.pid), holdOpen: true)
    case .exec: replaceImage(of: event.pid)
    case .fork(let parent):
      let child = replaceImage(of: event.pid)
      if let parent = images[parent] { child.ranges = parent.ranges }
    case .exit(let tid): if tid == event.pid { retire(event.pid) }
    case .lost(let count):
      lostEvents &+= count
      images.values.forEach { $0.mayBeWrong = true }
    }
  }

  private func retire(_ pid: UInt32) {
    guard let image = images[pid] else { return }
    ended.append(image)
    guard ended.count >= 2 * Self.endedToKeep else { return }
    for old in ended.prefix(Self.endedToKeep) where images[old.pid] === old {
      // The first thread may end before the others.
      if processes.exists(old.pid) { continue }
      images[old.pid] = nil
    }
    ended.removeFirst(Self.endedToKeep)
  }

  /// Takes over what `/proc` says, for an exec or a new mapping may have been missed.
  private func rebuild(_ image: ProcessImage) {
    image.mayBeWrong = false
    let before = image.ranges
    image.ranges = []
    if !synchronize(image) { image.ranges = before }
    image.generation = nextGeneration()
    image.walker?.forget()
  }

  /// Forgets the ended processes, then those whose end was never reported, in the end all: what is
  /// needed again is read from `/proc` again.
  private func makeRoom() {
    for old in ended where images[old.pid] === old { images[old.pid] = nil }
    ended.removeAll()
    guard images.count >= Limits.trackedProcesses / 2 else { return }
    let running = Set(processes.all())
    images = images.filter { running.contains($0.key) }
    guard images.count >= Limits.trackedProcesses else { return }
    images.removeAll()
  }

  private func insert(_ memory: MappedMemory, into image: ProcessImage, holdOpen: Bool) {
    guard image.ranges.count < Limits.mappingsPerProcess, memory.start < memory.end else { return }
    let file = store.file(for: memory, pid: image.pid, holdOpen: holdOpen)
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
  /// - Returns: whether the process was asked.
  @discardableResult
  package func reconcile(_ image: ProcessImage, now: UInt64) -> Bool {
    guard now >= image.nextReconciliation else { return false }
    let pause = min(Self.firstPause << min(image.reconciliations, 6), Self.longestPause)
    image.nextReconciliation = now &+ pause
    image.reconciliations += 1
    return synchronize(image)
  }

  @discardableResult
  private func synchronize(_ image: ProcessImage) -> Bool {
    guard let lines = processes.executableMappings(of: image.pid) else { return false }
    for line in lines.prefix(Limits.mappingsPerProcess) {
      if let known = image.range(at: line.start), known.matches(line) { continue }
      let memory = MappedMemory(
        start: line.start, end: line.end, fileOffset: line.fileOffset,
        device: DeviceNumber(major: line.deviceMajor, minor: line.deviceMinor), inode: line.inode,
        inodeGeneration: 0, path: Array(line.path.prefix(Limits.nameBytes)).withoutDeletedMark)
      insert(memory, into: image, holdOpen: false)
    }
    return true
  }
}

extension MappedRange {
  /// Whether a line of `/proc/PID/maps` says nothing new.
  fileprivate func matches(_ line: MemoryMapLine) -> Bool {
    start == line.start && end == line.end && file.inode == line.inode
      && (line.inode == 0 || fileOffset == line.fileOffset)
  }
}

extension [UInt8] {
  /// The kernel appends a note to the path of a file that has no name any more.
  fileprivate var withoutDeletedMark: [UInt8] {
    let mark = Array(" (deleted)".utf8)
    return suffix(mark.count).elementsEqual(mark) ? Array(dropLast(mark.count)) : self
  }
}
