extension UnwindTable {
  /// The rule at one of the file's own addresses; nil where the table does not reach.
  ///
  /// The reference of what the walker does: tests and offline tools use it.
  package func rule(at address: UInt64) -> UnwindRule? {
    guard let page = UInt32(exactly: address >> Self.pageBits), page >= firstPage,
      Int(page - firstPage) < pageCount
    else { return nil }
    let start = Int(pageStarts[Int(page - firstPage)])
    let end = Int(pageStarts[Int(page - firstPage) + 1])
    let offset = UInt32(truncatingIfNeeded: address & 0xFFFF)
    var low = start
    var high = end
    while low < high {
      let middle = (low + high) / 2
      if rows[middle] & 0xFFFF <= offset { low = middle + 1 } else { high = middle }
    }
    return low > start ? rules[Int(rows[low - 1] >> 16)] : nil
  }

  /// Calls `body` with each row's own address and its rule, in order.
  package func forEachRow(_ body: (UInt64, UnwindRule) -> Void) {
    for page in 0..<pageCount {
      let address = (UInt64(firstPage) &+ UInt64(page)) << Self.pageBits
      for row in rows[Int(pageStarts[page])..<Int(pageStarts[page + 1])] {
        body(address | UInt64(row & 0xFFFF), rules[Int(row >> 16)])
      }
    }
  }
}
