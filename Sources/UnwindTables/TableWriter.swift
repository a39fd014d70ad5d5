import BPFRuntime
import BPFShared
import Unwinding

/// Writes tables into the memory that the walker reads.
struct TableWriter {
  let memory: TableMemory

  /// Writes rows and directory entries to where nobody looks yet.
  func write(_ table: UnwindTable, to placement: Placement) {
    let shards = memory.shards
    let rules = placement.rules.map { UInt32($0) << ROW_RULE_SHIFT }
    var entries = [UInt64](repeating: 0, count: placement.directory.count)
    for run in placement.runs {
      let first = Int(table.pageStarts[run.pages.lowerBound])
      for page in run.pages {
        let start = Int(table.pageStarts[page])
        entries[page] =
          DirectoryEntry(
            shard: run.shard, start: run.rows.start + start - first,
            count: Int(table.pageStarts[page + 1]) - start
          ).word
      }
      shards[run.shard].withWords(
        at: run.rows.start * TableLayout.rowBytes, count: run.rows.count
      ) { Self.renumber(table.rows, from: first, rules: rules, into: &$0) }
    }
    for (index, entry) in entries.enumerated() {
      memory.directory.store(
        entry, at: (placement.directory.start + index) * TableLayout.directoryEntryBytes)
    }
  }

  /// Copies rows, with the numbers that all tables share in place of the table's own.
  private static func renumber(
    _ rows: [UInt32], from first: Int, rules: [UInt32], into words: inout MutableSpan<UInt32>
  ) {
    let rows = rows.span
    let rules = rules.span
    for index in words.indices {
      let row = rows[first + index]
      let rule = Int(row >> ROW_RULE_SHIFT)
      let number = rule < rules.count ? rules[rule] : UInt32(RuleNumbers.complex) << ROW_RULE_SHIFT
      words[index] = row & 0xffff | number
    }
  }

  /// Lets the walker find a table that is written.
  func publish(_ number: UInt32, _ table: UnwindTable, at placement: Placement, seen: UInt32) {
    let place = Int(number) * TableLayout.fileBytes
    memory.files.store(UInt32(placement.directory.start), at: place + Field.directory)
    memory.files.store(table.firstPage, at: place + Field.firstPage)
    memory.files.store(seen, at: place + Field.lastUsed)
    memory.files.storeReleasing(UInt32(table.pageCount), at: place + Field.pages)
  }

  /// Lets the walker know that nothing in the file says how to unwind it: one page, where no address
  /// is.
  func publishNothing(_ number: UInt32) {
    let place = Int(number) * TableLayout.fileBytes
    memory.files.store(UInt32.max, at: place + Field.firstPage)
    memory.files.storeReleasing(UInt32(1), at: place + Field.pages)
  }

  /// From now on no walk begins to use the table; the rest follows after the grace period.
  func withdraw(_ number: UInt32) {
    let place = Int(number) * TableLayout.fileBytes
    memory.files.storeReleasing(UInt32(0), at: place + Field.pages)
  }

  /// When a walk last used the table, in units of 2^30 ns.
  func lastUsed(_ number: UInt32) -> UInt32 {
    memory.files.loadAcquiring32(at: Int(number) * TableLayout.fileBytes + Field.lastUsed)
  }

  func setLastUsed(_ number: UInt32, to time: UInt32) {
    memory.files.store(time, at: Int(number) * TableLayout.fileBytes + Field.lastUsed)
  }

  /// Where the fields of an entry are.
  private enum Field {
    static let directory = offset(of: \.directory)
    static let firstPage = offset(of: \.first_page)
    static let pages = offset(of: \.pages)
    static let lastUsed = offset(of: \.last_used)

    private static func offset(of field: KeyPath<unwind_file, UInt32>) -> Int {
      guard let offset = MemoryLayout<unwind_file>.offset(of: field) else {
        preconditionFailure("a C field has a place")
      }
      return offset
    }
  }
}
