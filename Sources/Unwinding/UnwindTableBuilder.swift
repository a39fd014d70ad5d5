/// Makes a table out of a file's call frame information.
///
/// The bytes are foreign. What is broken costs its own function and is counted; the work grows with
/// the size of the section, and the rows with the code that it describes.
package struct UnwindTableBuilder: Sendable {
  package var kind: FrameSectionKind
  /// Virtual address of the section; `.debug_frame` has none.
  package var address: UInt64
  /// Other data may follow the section: it was found by `.eh_frame_hdr` alone.
  package var stopsAtTerminator: Bool
  /// The file's own addresses of its executable segments.
  package var text: [Range<UInt64>]
  package var limits: UnwindTableLimits

  /// Reads code at one of the file's own addresses: so many bytes, or fewer where it ends.
  package typealias ReadText = (_ address: UInt64, _ count: Int) -> [UInt8]

  package init(
    kind: FrameSectionKind = .ehFrame, address: UInt64, stopsAtTerminator: Bool = false,
    text: [Range<UInt64>], limits: UnwindTableLimits = UnwindTableLimits()
  ) {
    self.kind = kind
    self.address = address
    self.stopsAtTerminator = stopsAtTerminator
    self.text = text
    self.limits = limits
  }

  /// The table of the functions in `section`; nil if it describes none.
  ///
  /// Takes little memory beyond the table: eight bytes a function.
  package func build(_ section: RawSpan, readText: ReadText) -> (
    table: UnwindTable?, statistics: UnwindTableStatistics
  ) {
    var statistics = UnwindTableStatistics()
    guard let text = TextRanges(text, limits: limits), section.byteCount <= UInt32.max else {
      return (nil, statistics)
    }
    var reader = FrameReader(section, self, text: text)
    reader.readCommons(&statistics)
    let functions = reader.sortedFunctions(&statistics)
    guard !functions.isEmpty else { return (nil, statistics) }
    var rows = FunctionRows(
      program: reader.program(),
      writer: RowWriter(
        firstPage: text.firstPage, expectedCount: section.byteCount / 4, limit: limits.rowCount))
    var last = UInt64.max
    for (index, key) in functions.enumerated() {
      guard key >> 32 != last else {
        statistics.duplicateCount &+= 1
        continue
      }
      last = key >> 32
      guard let function = reader.function(key) else { continue }
      let next = functions[(index + 1)...].first { $0 >> 32 != last }
      rows.add(
        function, of: reader, next: next.map { text.base &+ $0 >> 32 } ?? UInt64.max,
        readText: readText, &statistics)
    }
    let table = rows.finish(&statistics)
    return (table, statistics)
  }
}
