/// Writes rows in the order of their addresses, and lays them out in pages.
struct RowWriter {
  private var index = RuleIndex()
  private var rows: [UInt32] = []
  /// Where the rows of each page begin, up to the page being written.
  private var pageStarts: [UInt32] = []
  /// Of the rule that holds from the last row on.
  private var current: UInt32 = 0
  private var currentRule = UnwindRule(.none)
  /// Of the last row.
  private var lastAddress: UInt64 = 0
  private let firstPage: UInt32
  private let base: UInt64
  private let complex: UInt32
  /// More rows may follow only to end what is there.
  private let limit: Int
  private(set) var isFull = false
  /// Rows whose rule had no number left.
  private(set) var unnumberedCount = 0

  /// Addresses are written relative to the start of `firstPage`.
  ///
  /// `expectedCount` reserves address space, of which only what is used takes memory.
  init(firstPage: UInt32, expectedCount: Int, limit: Int) {
    self.firstPage = firstPage
    self.limit = limit
    base = UInt64(firstPage) << UnwindTable.pageBits
    rows.reserveCapacity(min(expectedCount, limit))
    current = index.number(of: UnwindRule(.none)) ?? 0
    complex = index.number(of: UnwindRule(.complex)) ?? 0
  }

  /// Where rows can still be written.
  var count: Int { rows.count }

  /// Lets `rule` hold from `address` on, which is not before the last one.
  mutating func set(_ rule: UnwindRule, from address: UInt64) {
    guard rule != currentRule, !isFull else { return }
    var rule = rule
    var number = index.number(of: rule)
    if number == nil {
      unnumberedCount &+= 1
      rule = UnwindRule(.complex)
      number = complex
    }
    guard let number, address >= lastAddress || rows.isEmpty else { return }
    if rows.count >= limit {
      isFull = true
      rule = UnwindRule(.none)
    }
    write(isFull ? 0 : number, at: address)
    currentRule = rule
  }

  private mutating func write(_ number: UInt32, at address: UInt64) {
    if address == lastAddress, let last = rows.indices.last {
      rows[last] = UInt32(truncatingIfNeeded: address & 0xFFFF) | number << 16
    } else {
      openPages(through: address)
      rows.append(UInt32(truncatingIfNeeded: address & 0xFFFF) | number << 16)
    }
    current = number
    lastAddress = address
  }

  /// Begins the pages up to that of `address`, which gets a row of its own.
  private mutating func openPages(through address: UInt64) {
    let page = Int((address &- base) >> UnwindTable.pageBits)
    while pageStarts.count <= page {
      pageStarts.append(UInt32(rows.count))
      if pageStarts.count <= page || address & 0xFFFF != 0 { rows.append(current << 16) }
    }
  }

  /// The table, in which nothing is known from `end` on.
  consuming func finish(end: UInt64) -> UnwindTable? {
    set(UnwindRule(.none), from: end)
    guard !rows.isEmpty else { return nil }
    // A last row at the very start of a page says what the end of the table says anyway.
    if lastAddress & 0xFFFF == 0, current == 0, pageStarts.count > 1 {
      rows.removeLast()
      pageStarts.removeLast()
    }
    pageStarts.append(UInt32(rows.count))
    return UnwindTable(
      firstPage: firstPage, pageStarts: pageStarts, rows: rows, rules: index.rules)
  }
}
