import LinuxHost
package import RemoteUnwinding

/// One program in one process: its executable memory, from exec to exec.
package final class ProcessImage {
  package let pid: UInt32
  /// Nanoseconds of `CLOCK_MONOTONIC` at which the process began to run this program; 0 if it did
  /// already when it was first seen.
  let began: UInt64
  /// Changes whenever an address may mean something else than before, and never repeats.
  package internal(set) var generation: UInt64
  /// Changes whenever `ranges` does.
  package private(set) var revision: UInt64 = 0
  /// Sorted, without overlaps.
  package private(set) var ranges: [MappedRange] = []
  /// Made when the first stack is walked.
  package var walker: StackWalker?

  /// The newest mapping block that the kernel was given for this program, by its version.
  ///
  /// 0 for none; versions grow over all programs.
  package var publishedVersion: UInt64 = 0
  /// What the publisher of mapping blocks keeps here, until `ProcessTable.takeRetired` names the
  /// image.
  package var publication: AnyObject?
  /// How the kernel tells programs apart that have the same process number, learned from samples.
  package var identity: (startTime: UInt64, execCount: UInt64)?
  private var replaced = ReplacedRanges()

  /// Where the process finds its files, or its parent did; nil where that is not known.
  var tree: FileTree?
  /// The process was not asked for `tree` since it was born or began this program.
  var asksForTree = true
  /// What the process number stood for before, kept for a while.
  var previous: ProcessImage?
  /// Another program took the place of this one, so `/proc` no longer speaks of it.
  var isPast = false
  /// The first thread ended; others may still run.
  var leaderEnded = false
  /// No thread runs any more.
  var hasEnded = false
  /// Nanoseconds of `CLOCK_MONOTONIC` before which `/proc` is not asked again.
  var nextReconciliation: UInt64 = 0
  var reconciliations: UInt64 = 0
  /// Questions in a row that found what was asked for.
  var answers = 0
  /// Events were lost: the ranges may be those of another program.
  var mayBeWrong = false

  private let store: ExecutableStore
  private var lastIndex = 0

  init(pid: UInt32, generation: UInt64, began: UInt64 = 0, store: ExecutableStore) {
    self.pid = pid
    self.generation = generation
    self.began = began
    self.store = store
  }

  /// This program, or the one that had the process number at an earlier time.
  func program(at time: UInt64) -> ProcessImage {
    var image = self
    while time < image.began, let earlier = image.previous { image = earlier }
    return image
  }

  /// Whether anything was replaced for which `isStale` may hold.
  package var hasReplacements: Bool { !replaced.isEmpty }

  /// Whether an address meant something else in the mapping block of that version.
  ///
  /// The kernel copies a block's version to a forked child, so it may be one of the parent's.
  package func isStale(address: UInt64, version: UInt64) -> Bool {
    replaced.contains(address, version: version)
  }

  /// The mapping that covers an address.
  package func range(at address: UInt64) -> MappedRange? {
    if lastIndex < ranges.count, ranges[lastIndex].start <= address, address < ranges[lastIndex].end
    {
      return ranges[lastIndex]
    }
    let index = ranges.partitioningIndex { $0.start > address } - 1
    guard index >= 0, address < ranges[index].end else { return nil }
    lastIndex = index
    return ranges[index]
  }

  package func contents(of range: MappedRange) -> MappedFile.Contents {
    store.contents(of: range, pid: pid)
  }

  /// Puts a range over whatever was there before.
  ///
  /// - Returns: whether something else was replaced.
  @discardableResult
  func insert(_ new: MappedRange) -> Bool {
    let first = ranges.partitioningIndex { $0.end > new.start }
    if first < ranges.count, ranges[first].covers(new) { return false }
    var last = first
    var pieces: [MappedRange] = []
    var replaces = false
    while last < ranges.count, ranges[last].start < new.end {
      let old = ranges[last]
      if !old.shows(new) { replaces = true }
      if old.start < new.start { pieces.append(old.upTo(new.start)) }
      if old.end > new.end { pieces.append(old.from(new.end)) }
      last += 1
    }
    pieces.append(new)
    pieces.sort { $0.start < $1.start }
    ranges.replaceSubrange(first..<last, with: pieces)
    revision += 1
    if replaces { replaced.add(new.start..<new.end, publishedVersion: publishedVersion) }
    return replaces
  }

  /// Becomes what its parent is: a fork copies all memory, and the kernel copies the block.
  func copyMemory(of parent: ProcessImage) {
    ranges = parent.ranges
    revision += 1
    publishedVersion = parent.publishedVersion
    replaced = parent.replaced
    tree = parent.tree
  }

  /// Forgets all memory, for what is known of it may be wrong.
  ///
  /// - Returns: what was known.
  func forgetMemory() -> [MappedRange] {
    defer {
      ranges = []
      revision += 1
      replaced.addAll(publishedVersion: publishedVersion)
    }
    return ranges
  }

  /// Takes back `forgetMemory`, for there is nothing better.
  func restoreMemory(_ before: [MappedRange]) {
    ranges = before
    revision += 1
  }
}

extension ProcessImage: CodeMap {
  package func place(at address: UInt64) -> CodePlace {
    guard let range = range(at: address) else { return .nowhere }
    switch contents(of: range) {
    case .executable(let file):
      guard let bias = file.bias(start: range.start, fileOffset: range.fileOffset) else {
        return .unreadable
      }
      return .file(file.module, bias: bias)
    case .generated: return .generated
    case .unreadable, .unopened: return .unreadable
    }
  }
}

extension ProcessImage {
  package func isThreadStart(at address: UInt64) -> Bool {
    guard let range = range(at: address), case .executable(let file) = contents(of: range),
      let bias = file.bias(start: range.start, fileOffset: range.fileOffset)
    else { return false }
    return file.isThreadStart(at: address &- bias)
  }
}

extension MappedRange {
  /// Whether another range says nothing new.
  fileprivate func covers(_ other: MappedRange) -> Bool {
    start <= other.start && other.end <= end && shows(other)
  }

  /// Whether an address in both ranges shows the same byte of the same file.
  fileprivate func shows(_ other: MappedRange) -> Bool {
    guard file === other.file || file.isKnownAs(other.file) else { return false }
    // Memory without a file has no offset worth comparing.
    return (file.inode == 0 && file.buildID == nil)
      || start &- fileOffset == other.start &- other.fileOffset
  }
}

extension Array {
  /// The first index whose element satisfies a predicate that holds from there to the end.
  fileprivate func partitioningIndex(where belongsBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
