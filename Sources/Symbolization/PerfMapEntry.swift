/// One line of a perf map.
struct PerfMapEntry {
  let start: UInt64
  /// First address behind the code; larger than `start`.
  let end: UInt64
  /// Where the name begins in the map's bytes of names.
  let name: UInt32
  let nameLength: UInt32
}
