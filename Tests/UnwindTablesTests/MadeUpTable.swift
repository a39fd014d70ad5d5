import Unwinding

extension UnwindTable {
  /// A table whose rules tell which file they are of; some pages have no rows.
  static func madeUp(
    file id: Int, pages: Int, rowsPerPage: Int, using random: inout SeededGenerator
  ) -> UnwindTable {
    let rules = (0..<50).map { UnwindRule(.stackPointer, cfaOffset: Int32(id * 64 + $0)) }
    var rows: [UInt32] = []
    var starts: [UInt32] = [0]
    for _ in 0..<pages {
      if Int.random(in: 0..<10, using: &random) > 0 {
        let count = Int.random(in: (rowsPerPage / 2)...rowsPerPage, using: &random)
        let step = 65_536 / max(1, count)
        for index in 0..<max(1, count) {
          let rule = UInt32.random(in: 0..<UInt32(rules.count), using: &random)
          rows.append(UInt32(index * step) | rule << 16)
        }
      }
      starts.append(UInt32(rows.count))
    }
    return UnwindTable(
      firstPage: UInt32.random(in: 0...64, using: &random), pageStarts: starts, rows: rows,
      rules: rules)
  }

  /// The rule at one of the file's own addresses, by a search from the beginning of the page.
  func rule(at address: UInt64) -> UnwindRule? {
    guard address >> Self.pageBits >= UInt64(firstPage) else { return nil }
    let page = Int(address >> Self.pageBits) - Int(firstPage)
    guard page < pageCount else { return nil }
    let offset = UInt32(address & 0xffff)
    return rows[Int(pageStarts[page])..<Int(pageStarts[page + 1])]
      .last { $0 & 0xffff <= offset }
      .map { rules[Int($0 >> 16)] }
  }

  /// The first address behind the table.
  var end: UInt64 { (UInt64(firstPage) + UInt64(pageCount)) << Self.pageBits }
}
