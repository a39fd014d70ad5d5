/// Where one record of a frame section lies: a CIE, which many functions share, or an FDE, which
/// describes one function.
struct FrameRecord {
  /// Offset of the length, by which FDEs name their CIE.
  let offset: Int
  /// Offset of the first byte behind the id.
  let contents: Int
  /// Offset of the first byte behind the record.
  let end: Int
  /// Offset of the CIE that an FDE belongs to; nil for a CIE itself.
  let owner: Int?
}

/// What stands at an offset of a frame section.
enum FrameRecordStep {
  case record(FrameRecord)
  /// A length of zero: the end for some readers, a leftover of linking for others.
  case terminator(end: Int)
  /// The record does not fit into the section, so nothing behind it can be found either.
  case truncated
  case end
}

extension FrameSectionKind {
  /// Reads the length and the id at `offset`.
  ///
  /// In the 64-bit form (a length of 0xffffffff, then the true one in 8 bytes) the id has 8 bytes
  /// in both kinds of sections, as readelf and libunwind read it.
  func step(at offset: Int, in section: RawSpan) -> FrameRecordStep {
    var cursor = ByteCursor(section, from: offset)
    guard !cursor.isAtEnd else { return .end }
    guard let short = cursor.take(UInt32.self) else { return .truncated }
    guard short != 0 else { return .terminator(end: cursor.position) }
    let isWide = short == UInt32.max
    guard let length = isWide ? cursor.take(UInt64.self) : UInt64(short),
      length <= UInt64(cursor.remaining)
    else { return .truncated }
    let idOffset = cursor.position
    let end = idOffset &+ Int(length)
    guard let id = isWide ? cursor.take(UInt64.self) : cursor.take(UInt32.self).map(UInt64.init),
      cursor.position <= end
    else { return .truncated }
    return .record(
      FrameRecord(
        offset: offset, contents: cursor.position, end: end,
        owner: owner(id: id, at: idOffset, isWide: isWide)))
  }

  /// The CIE that an id names, perhaps outside of the section; nil if the id is that of a CIE.
  private func owner(id: UInt64, at offset: Int, isWide: Bool) -> Int? {
    switch self {
    // How far back the CIE is.
    case .ehFrame: id == 0 ? nil : offset &- Int(truncatingIfNeeded: id)
    // Where in the section it is.
    case .debugFrame:
      id == (isWide ? UInt64.max : UInt64(UInt32.max)) ? nil : Int(truncatingIfNeeded: id)
    }
  }
}
