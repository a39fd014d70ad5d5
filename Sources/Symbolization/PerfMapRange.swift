/// Code that belongs to one line of a perf map, after later lines replaced parts of earlier ones.
struct PerfMapRange {
  let start: UInt64
  var end: UInt64
  let name: UInt32
  let nameLength: UInt32

  /// Cuts overlapping entries, in the order of the file, into ranges that do not overlap.
  ///
  /// Sweeps over the addresses where an entry starts or ends. The latest of the entries that cover
  /// an address owns it: the top of a heap, from which ended entries are removed when they surface.
  /// Takes O(n log n) however the entries overlap, and gives at most twice as many ranges.
  static func resolve(_ entries: [PerfMapEntry]) -> [PerfMapRange] {
    let byStart = entries.indices.sorted { entries[$0].start < entries[$1].start }
    var ranges: [PerfMapRange] = []
    ranges.reserveCapacity(entries.count)
    var active = IndexHeap()
    var next = 0
    var position: UInt64 = 0
    while next < byStart.count || !active.isEmpty {
      if active.isEmpty { position = entries[byStart[next]].start }
      while next < byStart.count, entries[byStart[next]].start <= position {
        active.insert(byStart[next])
        next += 1
      }
      while let top = active.top, entries[top].end <= position { active.removeTop() }
      guard let top = active.top else { continue }
      let limit = next < byStart.count ? entries[byStart[next]].start : UInt64.max
      let end = min(entries[top].end, limit)
      append(entries[top], from: position, to: end, to: &ranges)
      position = end
    }
    return ranges
  }

  private static func append(
    _ entry: PerfMapEntry, from start: UInt64, to end: UInt64, to ranges: inout [PerfMapRange]
  ) {
    if let last = ranges.indices.last, ranges[last].end == start,
      ranges[last].name == entry.name
    {
      ranges[last].end = end
    } else {
      ranges.append(
        PerfMapRange(start: start, end: end, name: entry.name, nameLength: entry.nameLength))
    }
  }
}
