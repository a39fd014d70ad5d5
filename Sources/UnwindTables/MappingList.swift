/// The mappings of a process as a block holds them: by address, without overlaps, few enough.
///
/// Equal lists share a block.
struct MappingList: Hashable {
  /// Of one block; the walker's search takes a step for each power of two.
  static let limit = 4_096
  /// `unwind_mapping.pages` counts these.
  static let pageBytes: UInt64 = 4_096

  let mappings: [UnwindMapping]
  let isTruncated: Bool

  init(_ given: [UnwindMapping]) {
    var list: [UnwindMapping] = []
    for var mapping in given.sorted(by: { $0.start < $1.start }) {
      if let last = list.last { mapping.start = max(mapping.start, last.end) }
      mapping.end = min(mapping.end, Self.longestEnd(from: mapping.start))
      guard mapping.start < mapping.end else { continue }
      if let last = list.indices.last, mapping.continues(list[last]) {
        list[last].end = mapping.end
      } else {
        list.append(mapping)
      }
    }
    isTruncated = list.count > Self.limit
    mappings = isTruncated ? Array(list.prefix(Self.limit)) : list
  }

  /// As much as 32 bits of pages can say: 16 TiB.
  private static func longestEnd(from start: UInt64) -> UInt64 {
    let (end, overflow) = start.addingReportingOverflow(UInt64(UInt32.max) * pageBytes)
    return overflow ? .max : end
  }

  /// The files that have numbers, each as often as it is mapped.
  var files: [UInt32] { mappings.map(\.file).filter { $0 >= TableLayout.firstFile } }
}

extension UnwindMapping {
  /// Whether it goes on where `other` ends, with the same contents.
  fileprivate func continues(_ other: UnwindMapping) -> Bool {
    start == other.end && file == other.file && (bias == other.bias || file < TableLayout.firstFile)
      && end - other.start <= UInt64(UInt32.max) * MappingList.pageBytes
  }
}
