/// Goes over the records of a frame section.
struct FrameRecords: ~Escapable {
  private let section: RawSpan
  private let kind: FrameSectionKind
  private let stopsAtTerminator: Bool
  private var offset = 0
  /// The section ends inside a record.
  private(set) var isTruncated = false

  @_lifetime(copy section)
  init(_ section: RawSpan, kind: FrameSectionKind, stopsAtTerminator: Bool) {
    self.section = section
    self.kind = kind
    self.stopsAtTerminator = stopsAtTerminator
  }

  mutating func next() -> FrameRecord? {
    while true {
      switch kind.step(at: offset, in: section) {
      case .record(let record):
        offset = record.end
        return record
      case .terminator(let end):
        guard !stopsAtTerminator else { return nil }
        offset = end
      case .truncated:
        isTruncated = true
        return nil
      case .end: return nil
      }
    }
  }
}
