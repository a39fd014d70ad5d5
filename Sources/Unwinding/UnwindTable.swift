/// The unwind rows of one executable file, laid out as the walker wants them.
///
/// Text is divided into pages of 64 KiB of the file's own addresses (`p_vaddr`). Each page has its
/// rows, and begins with one at offset 0, so that no lookup needs the page before.
package struct UnwindTable: Sendable, Equatable {
  /// Bits of an address within its page.
  package static let pageBits: UInt64 = 16

  /// Number of the first page: its address shifted by `pageBits`.
  package var firstPage: UInt32
  /// Where the rows of each page begin; one more than there are pages.
  package var pageStarts: [UInt32]
  /// Address within the page in the lower half, index in `rules` in the upper.
  package var rows: [UInt32]
  /// Distinct rules, at most 65,536.
  package var rules: [UnwindRule]

  package init(firstPage: UInt32, pageStarts: [UInt32], rows: [UInt32], rules: [UnwindRule]) {
    self.firstPage = firstPage
    self.pageStarts = pageStarts
    self.rows = rows
    self.rules = rules
  }

  package var pageCount: Int { max(0, pageStarts.count - 1) }
}
