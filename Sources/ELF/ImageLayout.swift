internal import ProfileModel

/// Finds the parts of an image that wick uses, from headers that may lie.
struct ImageLayout {
  private let headers: ELFHeaders
  private let source: ByteSource
  /// The section name table, at most `maximumNameBytes` of it.
  private let names: [UInt8]

  /// Notes are some hundred bytes; what lies behind this is not looked at.
  private static let maximumNoteBytes: UInt64 = 65_536
  private static let maximumNameBytes: UInt64 = 1 << 20

  private enum SegmentType {
    static let note: UInt32 = 4
    static let unwindHeader: UInt32 = 0x6474_E550
  }

  init(_ headers: ELFHeaders, source: ByteSource) {
    self.headers = headers
    self.source = source
    guard headers.sections.indices.contains(headers.nameSection) else {
      names = []
      return
    }
    let section = headers.sections[headers.nameSection]
    let size = min(section.size, Self.maximumNameBytes)
    names = section.isEmptyInFile ? [] : source.read(at: section.fileOffset, count: size)
  }

  /// The first section of that name.
  private func section(named name: String) -> SectionHeader? {
    let wanted = Array(name.utf8) + [0]
    return headers.sections.first { section in
      let start = Int(section.nameOffset)
      return start < names.count && names[start...].starts(with: wanted)
    }
  }
}

extension ImageLayout {
  func buildID() -> BuildID? {
    let segments = headers.others.filter { $0.type == SegmentType.note }
    for segment in segments {
      if let found = buildID(at: segment.fileOffset, count: segment.fileSize) { return found }
    }
    guard let section = section(named: ".note.gnu.build-id"), !section.isEmptyInFile else {
      return nil
    }
    return buildID(at: section.fileOffset, count: section.size)
  }

  /// Walks notes: name size, description size, type, then both, each padded to 4 bytes.
  ///
  /// Segments with other notes may be padded to 8 bytes; linkers give the build-id one of 4.
  private func buildID(at offset: UInt64, count: UInt64) -> BuildID? {
    let bytes = source.read(at: offset, count: min(count, Self.maximumNoteBytes))
    let cursor = ByteCursor(bytes.span)
    var position = 0
    while let nameSize = cursor.load(UInt32.self, at: position),
      let descriptionSize = cursor.load(UInt32.self, at: position + 4),
      let type = cursor.load(UInt32.self, at: position + 8)
    {
      let name = position + 12
      let description = name + (Int(nameSize) + 3) & ~3
      let end = description + Int(descriptionSize)
      guard end <= bytes.count else { return nil }
      // NT_GNU_BUILD_ID of the owner "GNU".
      if type == 3, nameSize == 4, bytes[name..<name + 4].elementsEqual([0x47, 0x4E, 0x55, 0]) {
        return BuildID(bytes: bytes[description..<end])
      }
      position = (end + 3) & ~3
    }
    return nil
  }
}

extension ImageLayout {
  func unwindSections() -> [UnwindSection: SectionHeader] {
    var found: [UnwindSection: SectionHeader] = [:]
    for name in UnwindSection.allCases { found[name] = section(named: name.rawValue) }
    return found
  }

  func unwindHeader() -> Range<UInt64>? {
    guard let segment = headers.others.first(where: { $0.type == SegmentType.unwindHeader })
    else { return nil }
    return loadedRange(at: segment.address, count: segment.fileSize)
  }

  func unwindFrames() -> Range<UInt64>? {
    if let section = section(named: ".eh_frame"), !section.isEmptyInFile,
      let range = loadedRange(at: section.address, count: section.size)
    {
      return range
    }
    guard let header = unwindHeader(), let start = frameAddress(fromHeaderAt: header.lowerBound),
      let segment = segment(at: start)
    else { return nil }
    return start..<segment.address &+ segment.fileSize
  }

  func debugFrames() -> (fileOffset: UInt64, size: UInt64)? {
    guard let section = section(named: ".debug_frame"), section.size > 0,
      !section.isCompressed, !section.isEmptyInFile,
      source.contains(offset: section.fileOffset, count: section.size)
    else { return nil }
    return (section.fileOffset, section.size)
  }

  /// The pointer to `.eh_frame` at the start of `.eh_frame_hdr`.
  ///
  /// - Source: Linux Standard Base, "Eh_frame_hdr": version, three encodings, then the pointer.
  private func frameAddress(fromHeaderAt address: UInt64) -> UInt64? {
    guard let segment = segment(at: address) else { return nil }
    let bytes = source.read(at: segment.fileOffset &+ (address &- segment.address), count: 12)
    let cursor = ByteCursor(bytes.span)
    guard cursor.load(UInt8.self, at: 0) == 1, let encoding = cursor.load(UInt8.self, at: 1)
    else { return nil }
    let base: UInt64
    switch encoding & 0x70 {
    case 0x00: base = 0
    case 0x10: base = address &+ 4  // relative to the pointer itself
    case 0x30: base = address  // relative to the header
    default: return nil
    }
    switch encoding & 0x0F {
    case 0x00, 0x04, 0x0C: return cursor.load(UInt64.self, at: 4).map { base &+ $0 }
    case 0x03: return cursor.load(UInt32.self, at: 4).map { base &+ UInt64($0) }
    case 0x0B:
      return cursor.load(Int32.self, at: 4).map { base &+ UInt64(bitPattern: Int64($0)) }
    default: return nil
    }
  }

  /// The segment whose bytes in the file are loaded at `address`, if it does not wrap around.
  private func segment(at address: UInt64) -> LoadSegment? {
    headers.loads.first {
      address >= $0.address && address - $0.address < $0.fileSize
        && !$0.address.addingReportingOverflow($0.fileSize).overflow
    }
  }

  /// The range, if one segment loads all of it.
  private func loadedRange(at address: UInt64, count: UInt64) -> Range<UInt64>? {
    guard count > 0, let segment = segment(at: address),
      count <= segment.fileSize - (address - segment.address)
    else { return nil }
    return address..<address + count
  }
}
