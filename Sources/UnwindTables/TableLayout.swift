import BPFShared

/// The numbers of BPF/shared/unwind.h as Swift counts: how many of each there are, and their bytes.
package enum TableLayout {
  package static let shardRows = Int(SHARD_ROWS)
  package static let shardCount = Int(SHARD_COUNT)
  package static let directoryEntries = Int(DIRECTORY_ENTRIES)
  package static let fileCount = Int(FILE_COUNT)
  package static let ruleCount = Int(RULE_COUNT)
  package static let mappingCount = Int(MAPPING_COUNT)
  package static let processCount = Int(PROCESS_COUNT)

  package static let rowBytes = MemoryLayout<UInt32>.size
  package static let directoryEntryBytes = MemoryLayout<UInt64>.size
  package static let fileBytes = MemoryLayout<unwind_file>.size
  package static let ruleBytes = MemoryLayout<unwind_rule>.size
  package static let mappingBytes = MemoryLayout<unwind_mapping>.size
  package static let processBytes = MemoryLayout<unwind_process>.size

  package static let shardBytes = shardRows * rowBytes
  /// Most rows of one text page: one for each byte.
  package static let pageRows = Int(TEXT_PAGE_BYTES)
  package static let firstFile = UInt32(FILE_FIRST.rawValue)
}

/// Where the rows of one text page are.
package struct DirectoryEntry: Hashable, Sendable {
  package var shard: Int
  /// The first row in the shard.
  package var start: Int
  package var count: Int

  package init(shard: Int, start: Int, count: Int) {
    self.shard = shard
    self.start = start
    self.count = count
  }

  package init(word: UInt64) {
    let mask = UInt64(1) << DIRECTORY_COUNT_SHIFT - 1
    shard = Int(word >> DIRECTORY_SHARD_SHIFT)
    start = Int(word & mask)
    count = Int(word >> DIRECTORY_COUNT_SHIFT & mask)
  }

  package var word: UInt64 {
    UInt64(start) | UInt64(count) << DIRECTORY_COUNT_SHIFT | UInt64(shard) << DIRECTORY_SHARD_SHIFT
  }
}
