package import RemoteUnwinding

/// One program in one process: its executable memory, from exec to exec.
package final class ProcessImage {
  package let pid: UInt32
  /// Changes whenever an address may mean something else than before, and never repeats.
  package internal(set) var generation: UInt64
  /// Sorted, without overlaps.
  package internal(set) var ranges: [MappedRange] = []
  /// Made when the first stack is walked.
  package var walker: StackWalker?
  /// Nanoseconds of `CLOCK_MONOTONIC` before which `/proc` is not asked again.
  var nextReconciliation: UInt64 = 0
  var reconciliations: UInt64 = 0
  /// Events were lost: the ranges may be those of another program.
  var mayBeWrong = false

  private let store: ExecutableStore
  private var lastIndex = 0

  init(pid: UInt32, generation: UInt64, store: ExecutableStore) {
    self.pid = pid
    self.generation = generation
    self.store = store
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
    var last = first
    var pieces: [MappedRange] = []
    var replaced = false
    while last < ranges.count, ranges[last].start < new.end {
      let old = ranges[last]
      if !old.shows(new) { replaced = true }
      if old.start < new.start { pieces.append(old.upTo(new.start)) }
      if old.end > new.end { pieces.append(old.from(new.end)) }
      last += 1
    }
    pieces.append(new)
    pieces.sort { $0.start < $1.start }
    ranges.replaceSubrange(first..<last, with: pieces)
    return replaced
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
  /// Whether an address in both ranges shows the same byte of the same file.
  fileprivate func shows(_ other: MappedRange) -> Bool {
    guard file === other.file else { return false }
    // Memory without a file has no offset worth comparing.
    return file.inode == 0 || start &- fileOffset == other.start &- other.fileOffset
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
