import BPFRuntime
import Unwinding

/// Where the parts of a table lie.
struct Placement {
  var runs: [RowRun]
  var directory: Extent
  /// Rule numbers by the table's own.
  var rules: [UInt16]

  var rowCount: Int { runs.reduce(0) { $0 + $1.rows.count } }
}

/// What is missing for a table.
enum Shortage: Error {
  case rows
  case directory
}

/// The room for rows, directory entries and rules: who has what, and what is about to be free.
struct TableSpace {
  private(set) var rows = RowSpace()
  private(set) var rules: RuleNumbers
  private var directory = ExtentAllocator(capacity: TableLayout.directoryEntries)
  private var withdrawn = GracePeriod<Placement>()
  private(set) var refusedRules = 0

  init(memory: TableMemory) { rules = RuleNumbers(memory: memory.rules) }

  mutating func addShards(_ count: Int) { rows.addShards(count) }

  /// Takes room for a table, and numbers for its rules.
  mutating func place(_ table: UnwindTable) throws(Shortage) -> Placement {
    guard let entries = directory.take(table.pageCount) else { throw .directory }
    guard let runs = rows.place(table.pageStarts) else {
      directory.giveBack(entries)
      throw .rows
    }
    let (numbers, refused) = rules.take(table.rules)
    refusedRules += refused
    return Placement(runs: runs, directory: entries, rules: numbers)
  }

  /// Takes back what nobody finds any more, to be used again after the grace period.
  mutating func withdraw(_ placement: Placement, at now: UInt64) {
    withdrawn.add(placement, at: now)
  }

  /// Frees what was withdrawn long enough ago.
  mutating func reclaim(at now: UInt64) {
    for placement in withdrawn.expired(at: now) {
      rows.giveBack(placement.runs)
      directory.giveBack(placement.directory)
      rules.giveBack(placement.rules)
    }
  }

  /// What is free now or after the grace period.
  func freeSoon(_ kind: Shortage) -> Int {
    switch kind {
    case .rows: withdrawn.items.reduce(rows.free) { $0 + $1.rowCount }
    case .directory: withdrawn.items.reduce(directory.free) { $0 + $1.directory.count }
    }
  }
}

extension Placement {
  func amount(_ kind: Shortage) -> Int { kind == .rows ? rowCount : directory.count }
}

extension UnwindTable {
  func amount(_ kind: Shortage) -> Int { kind == .rows ? rows.count : pageCount }

  /// The code of a program must reach itself with 32 bits, so its text is below 2 GiB.
  ///
  /// - Source: the small and medium code models of the x86-64 ABI, section 3.5.1.
  private static let mostPages = (2 << 30) >> pageBits

  /// Whether it is a table at all: it may come from a file that somebody else wrote.
  var isWellFormed: Bool {
    guard pageCount > 0, pageCount <= Self.mostPages,
      firstPage <= UInt32.max - UInt32(pageCount)
    else { return false }
    for page in 0..<pageCount {
      let (start, end) = (pageStarts[page], pageStarts[page + 1])
      guard start <= end, Int(end) <= rows.count, Int(end - start) <= TableLayout.pageRows
      else { return false }
      guard start == end || UInt16(truncatingIfNeeded: rows[Int(start)]) == 0
      else { return false }
    }
    return true
  }
}
