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

  /// The table of the functions in a section's bytes; nil if it describes none.
  ///
  /// Takes little memory beyond the table: eight bytes a function.
  package func build(_ bytes: Span<UInt8>, readText: @escaping ReadText) -> (
    table: UnwindTable?, statistics: UnwindTableStatistics
  ) {
    build(bytes, go: nil, readText: readText)
  }

  /// The table of the functions of Go, and of those of C that are linked with them.
  package func build(
    _ bytes: Span<UInt8>, go: GoFunctionTable?, readText: @escaping ReadText
  ) -> (table: UnwindTable?, statistics: UnwindTableStatistics) {
    let section = bytes.raw
    var statistics = UnwindTableStatistics()
    guard let text = TextRanges(text, limits: limits), section.byteCount < GoFunctionTable.mark
    else { return (nil, statistics) }
    var reader = FrameReader(section, self, text: text)
    reader.readCommons(&statistics)
    var functions = reader.sortedFunctions(&statistics)
    if let go {
      functions += go.keys(in: text, &statistics)
      functions.sort()
    }
    var rows = FunctionRows(
      program: reader.program(),
      writer: RowWriter(
        firstPage: text.firstPage, expectedCount: section.byteCount / 4, limit: limits.rowCount),
      code: CodeWindow(readText))
    var last = UInt64.max
    for (index, key) in functions.enumerated() {
      guard key >> 32 != last else {
        statistics.duplicateCount &+= 1
        continue
      }
      last = key >> 32
      let next = functions[(index + 1)...].first { $0 >> 32 != last }
      let limit = next.map { text.base &+ $0 >> 32 } ?? UInt64.max
      if key & GoFunctionTable.mark == 0 {
        guard let function = reader.function(key) else { continue }
        rows.add(function, of: reader, next: limit, &statistics)
      } else if let go, let function = go.function(Int(key & (GoFunctionTable.mark - 1))) {
        let end = min(limit, text.end(around: function.start) ?? function.start)
        rows.add(function, of: go, next: end, &statistics)
      }
    }
    return (rows.finish(&statistics), statistics)
  }
}
