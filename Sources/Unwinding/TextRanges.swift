/// The addresses at which a file has code, by its executable segments.
struct TextRanges {
  /// By address, none overlapping.
  private var ranges: [Range<UInt64>] = []
  let firstPage: UInt32

  /// Nil if there is no code at an address that a table can have.
  init?(_ segments: [Range<UInt64>], limits: UnwindTableLimits) {
    let sorted = segments.filter { !$0.isEmpty }.prefix(limits.segmentCount).sorted {
      $0.lowerBound < $1.lowerBound
    }
    guard let first = sorted.first?.lowerBound,
      let page = UInt32(exactly: first >> UnwindTable.pageBits)
    else { return nil }
    firstPage = page
    // Distances from the first page have to fit 32 bits.
    let size = UInt64(min(limits.pageCount, 65_536)) << UnwindTable.pageBits
    let (end, isLast) = (UInt64(page) << UnwindTable.pageBits).addingReportingOverflow(size)
    var covered: UInt64 = 0
    for range in sorted {
      let lower = max(range.lowerBound, covered)
      let upper = isLast ? range.upperBound : min(range.upperBound, end)
      guard lower < upper else { continue }
      ranges.append(lower..<upper)
      covered = upper
    }
  }

  /// The address of the first page.
  var base: UInt64 { UInt64(firstPage) << UnwindTable.pageBits }

  /// Where the code that `address` belongs to ends; nil if there is none.
  @inline(__always)
  func end(around address: UInt64) -> UInt64? {
    for range in ranges where range.contains(address) { return range.upperBound }
    return nil
  }
}
