import LinuxHost

/// What a spool's directory holds, read when it is opened.
///
/// Whatever is damaged in it is set aside: only a directory that cannot be listed is an error.
struct SpoolRecovery {
  /// The oldest first, for no destination yet.
  private(set) var segments: [Segment] = []
  private(set) var cursors = CursorFile()
  /// Hold no batch.
  private(set) var empty: [SpoolQueue.File] = []
  private(set) var unreadable: [SpoolQueue.File] = []
  private(set) var nextNumber: UInt64 = 1
  private(set) var quarantine: Quarantine
  /// Damaged records that no earlier process has counted.
  private(set) var damagedRecords: UInt64 = 0
  /// Why some could not be read.
  private(set) var problem: FileError?

  /// A file that was read.
  private struct Found {
    let number: UInt64
    let bytes: UInt64
    let scan: SegmentScan
  }

  /// Larger files are none of ours: a segment holds its limit, or one batch.
  private static let fileLimit: UInt64 = 64 << 20

  init(_ files: any SpoolFiles, limits: SpoolLimits) throws(FileError) {
    let names = try files.names()
    quarantine = Quarantine(limit: limits.quarantine, names: names, in: files)
    if names.contains(CursorFile.name),
      let bytes = try? files.read(CursorFile.name, at: 0, count: CursorFile.byteLimit)
    {
      cursors = CursorFile(bytes) ?? CursorFile()
    }
    let numbers = names.compactMap(Segment.number(of:)).sorted()
    nextNumber = (numbers.last ?? 0) + 1
    // The one before, whose end only the one after it tells.
    var before: Found?
    for number in numbers {
      guard let found = read(number, in: files) else { continue }
      if let before { take(before, followedBy: found) }
      before = found
    }
    if let before { take(before, followedBy: nil) }
  }

  private mutating func read(_ number: UInt64, in files: any SpoolFiles) -> Found? {
    let name = Segment.name(number)
    var size: UInt64 = 0
    do {
      size = try files.size(of: name)
      guard size <= Self.fileLimit else {
        unreadable.append(SpoolQueue.File(number: number, salt: nil, bytes: size))
        return nil
      }
      let bytes = try files.read(name, at: 0, count: Int(size))
      let scan = SegmentScan(bytes.span)
      for range in scan.damage {
        _ = quarantine.keep(bytes[range], of: number, at: range.lowerBound, in: files)
      }
      return Found(number: number, bytes: size, scan: scan)
    } catch {
      problem = error
      unreadable.append(SpoolQueue.File(number: number, salt: nil, bytes: size))
      return nil
    }
  }

  private mutating func take(_ found: Found, followedBy next: Found?) {
    let lost = Self.lost(in: found, followedBy: next)
    guard let salt = found.scan.header?.salt else {
      damagedRecords += UInt64(lost)
      empty.append(SpoolQueue.File(number: found.number, salt: nil, bytes: found.bytes))
      return
    }
    let counted = cursors.entries[salt]?.damaged ?? 0
    damagedRecords += UInt64(lost - min(lost, counted))
    var segment = Segment(number: found.number, salt: salt, bytes: found.bytes, cursors: [])
    segment.records = found.scan.records
    segment.damaged = max(lost, counted)
    segments.append(segment)
  }

  /// How many batches were written to a file and are not in it any more.
  private static func lost(in found: Found, followedBy next: Found?) -> UInt32 {
    let scan = found.scan
    let inside = scan.records.count { $0.isLost }
    var atEnd = scan.isCut ? 1 : 0
    if let before = next?.scan.header?.predecessor,
      before.salt == scan.header?.salt
        || scan.header == nil && next?.number == found.number + 1 && !scan.damage.isEmpty
    {
      atEnd = max(0, Int(before.records) - scan.records.count)
    }
    return UInt32(clamping: inside + atEnd)
  }
}
