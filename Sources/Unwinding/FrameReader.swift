/// Finds the functions of a frame section, and the CIE of each.
struct FrameReader: ~Escapable {
  let bytes: RawSpan
  private let section: UnwindTableBuilder
  private let text: TextRanges
  private var commons: [CommonInformation] = []
  /// Where a CIE is in `commons`, by its offset.
  private var numbers: [Int: Int] = [:]
  /// Neighbours mostly share their CIE, so the last one is kept.
  private var lastOwner: Int?
  private var lastNumber = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ section: UnwindTableBuilder, text: TextRanges) {
    self.bytes = bytes
    self.section = section
    self.text = text
  }

  func common(_ function: FrameFunction) -> CommonInformation { commons[function.common] }

  func program() -> CallFrameProgram {
    CallFrameProgram(kind: section.kind, sectionAddress: section.address)
  }

}

extension FrameReader {
  /// Reads all CIEs, and counts the FDEs.
  ///
  /// A CIE may stand behind its FDEs. Only what stands where a record begins is one, so that a
  /// byte is never part of two: the work grows with the bytes and not with their square.
  mutating func readCommons(_ statistics: inout UnwindTableStatistics) {
    var records = FrameRecords(
      bytes, kind: section.kind, stopsAtTerminator: section.stopsAtTerminator)
    while let record = records.next() {
      guard record.owner == nil else {
        statistics.functionCount &+= 1
        continue
      }
      guard commons.count < section.limits.commonCount,
        let common = CommonInformation(
          record, in: bytes, kind: section.kind, sectionAddress: section.address)
      else {
        statistics.unusableCIECount &+= 1
        continue
      }
      numbers[record.offset] = commons.count
      commons.append(common)
    }
    statistics.isTruncated = records.isTruncated
  }

  /// The functions by address: distance from the first page of text, above the offset of the FDE.
  ///
  /// Eight bytes each; swift-frontend has 300,000.
  mutating func sortedFunctions(_ statistics: inout UnwindTableStatistics) -> [UInt64] {
    var keys: [UInt64] = []
    keys.reserveCapacity(statistics.functionCount)
    var isSorted = true
    var records = FrameRecords(
      bytes, kind: section.kind, stopsAtTerminator: section.stopsAtTerminator)
    while let record = records.next() {
      guard record.owner != nil, let function = function(record, &statistics) else { continue }
      let key = (function.start &- text.base) << 32 | UInt64(record.offset)
      isSorted = isSorted && key > keys.last ?? 0
      keys.append(key)
    }
    if !isSorted { keys.sort() }
    return keys
  }

  /// The function of a key of `sortedFunctions`.
  mutating func function(_ key: UInt64) -> FrameFunction? {
    let step = section.kind.step(at: Int(UInt32(truncatingIfNeeded: key)), in: bytes)
    guard case .record(let record) = step else { return nil }
    var ignored = UnwindTableStatistics()
    return function(record, &ignored)
  }

  private mutating func function(_ record: FrameRecord, _ statistics: inout UnwindTableStatistics)
    -> FrameFunction?
  {
    guard let owner = record.owner, let number = number(ofCommonAt: owner) else {
      statistics.orphanCount &+= 1
      return nil
    }
    var cursor = ByteCursor(bytes, in: record.contents..<record.end)
    let common = commons[number]
    guard
      let start = common.encoding.takeAddress(&cursor, sectionAddress: section.address),
      let size = common.encoding.takeValue(&cursor), size > 0,
      !common.hasAugmentationData || Self.skipBlock(&cursor)
    else {
      statistics.unusableFDECount &+= 1
      return nil
    }
    // Address 0 is that of functions that the linker threw away.
    guard start != 0, let textEnd = text.end(around: start) else {
      statistics.outsideCount &+= 1
      return nil
    }
    return FrameFunction(
      start: start, end: size < textEnd - start ? start + size : textEnd, common: number,
      program: cursor.position..<record.end)
  }

  private mutating func number(ofCommonAt offset: Int) -> Int? {
    if offset == lastOwner { return lastNumber }
    guard let number = numbers[offset] else { return nil }
    lastOwner = offset
    lastNumber = number
    return number
  }

  private static func skipBlock(_ cursor: inout ByteCursor) -> Bool {
    guard let size = cursor.takeUnsigned() else { return false }
    return cursor.skip(size)
  }
}
