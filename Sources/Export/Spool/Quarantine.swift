import LinuxHost

/// Keeps the bytes of damaged records in files of their own, for whoever wants to know.
///
/// A file is named after the segment and the place in it: `damaged-0000000000000012-4711`. They take
/// no more than a limit, the oldest make room. That one cannot be written is no reason for anything.
struct Quarantine: Sendable {
  private var kept: [(name: String, bytes: UInt64)] = []
  /// Those that did not fit, too.
  private var known: Set<String> = []
  private let limit: UInt64

  private static let prefix = "damaged-"
  private static let fileLimit = 256
  private static let knownLimit = 65_536

  init(limit: UInt64) { self.limit = limit }

  /// Takes notice of files that are there already.
  init(limit: UInt64, names: [String], in files: any SpoolFiles) {
    self.limit = limit
    for name in names.sorted() where name.hasPrefix(Self.prefix) {
      let bytes = try? files.size(of: name)
      kept.append((name, SpoolQueue.blocks(bytes ?? 0)))
      known.insert(name)
    }
    makeRoom(for: 0, in: files)
  }

  /// In whole blocks.
  var bytes: UInt64 { kept.reduce(0) { $0 + $1.bytes } }

  /// - Returns: false if the damage is known.
  mutating func keep(
    _ bytes: ArraySlice<UInt8>, of segment: UInt64, at offset: Int, in files: any SpoolFiles
  ) -> Bool {
    let name = Self.prefix + Segment.name(segment).drop { $0 != "-" }.dropFirst() + "-\(offset)"
    guard !known.contains(name) else { return false }
    if known.count < Self.knownLimit { known.insert(name) }
    let part = Array(bytes.prefix(Int(clamping: limit & ~4_095)))
    guard !part.isEmpty else { return true }
    makeRoom(for: SpoolQueue.blocks(UInt64(part.count)), in: files)
    do {
      try files.openFile(name, .emptied).writeAll(part)
      kept.append((name, SpoolQueue.blocks(UInt64(part.count))))
    } catch {
      try? files.remove(name)
    }
    return true
  }

  private mutating func makeRoom(for bytes: UInt64, in files: any SpoolFiles) {
    while let oldest = kept.first,
      self.bytes + bytes > limit || kept.count >= Self.fileLimit
    {
      try? files.remove(oldest.name)
      kept.removeFirst()
    }
  }
}
