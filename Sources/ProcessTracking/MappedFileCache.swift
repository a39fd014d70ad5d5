import LinuxHost

/// Files by what mappings say of them.
///
/// Those that no process maps any more are forgotten after a while, the least recently wanted
/// first: each may hold a file open.
struct MappedFileCache<Key: Hashable> {
  private var files: [Key: MappedFile] = [:]
  private var lookups: UInt64 = 0
  private var sweepAt = 2 * unusedToKeep

  private static var unusedToKeep: Int { 512 }

  var count: Int { files.count }

  subscript(key: Key) -> MappedFile? {
    mutating get {
      guard let file = files[key] else { return nil }
      lookups += 1
      file.lastLookup = lookups
      return file
    }
  }

  /// False if there are too many files that are in use.
  @discardableResult
  mutating func insert(_ file: MappedFile, for key: Key) -> Bool {
    if files.count >= sweepAt { sweep() }
    guard files.count < Limits.files else { return false }
    lookups += 1
    file.lastLookup = lookups
    files[key] = file
    return true
  }

  private mutating func sweep() {
    var unused: [(lookup: UInt64, key: Key)] = []
    var index = files.startIndex
    while index != files.endIndex {
      // A profile tells unreadable files apart by their objects, so these stay; they hold nothing.
      if isKnownUniquelyReferenced(&files.values[index]), !files.values[index].isUnreadable {
        unused.append((files.values[index].lastLookup, files.keys[index]))
      }
      files.formIndex(after: &index)
    }
    unused.sort { $0.lookup < $1.lookup }
    for (_, key) in unused.dropLast(Self.unusedToKeep) { files[key] = nil }
    // The sweep's cost is shared by the files that come until the next.
    sweepAt = files.count + Self.unusedToKeep
  }
}
