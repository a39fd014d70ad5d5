/// The first 64 bytes of an image, and whether the tables that they announce are in the file.
///
/// Checked before libelf sees the file, because it allocates as many headers as are announced.
///
/// - Source: `Elf64_Ehdr` in the System V ABI, chapter 4.
struct FileHeader {
  let machine: ELFMachine
  let isPositionIndependent: Bool
  let segmentCount: Int
  let sectionCount: Int

  private static let size = 64
  private static let programHeaderSize: UInt64 = 56
  private static let sectionHeaderSize: UInt64 = 64
  /// The largest executables have some hundred sections, object files some ten thousand.
  private static let maximumSectionCount: UInt64 = 65_536

  init(_ source: ByteSource) throws(ELFError) {
    let bytes = source.read(at: 0, count: UInt64(Self.size))
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw ELFError(.notELF) }
    guard bytes.count == Self.size else {
      throw ELFError(.truncated(part: "header", end: UInt64(Self.size), size: source.size))
    }
    guard bytes[4] == 2 else {
      throw ELFError(bytes[4] == 1 ? .thirtyTwoBit : .malformed("class \(bytes[4])"))
    }
    guard bytes[5] == 1 else {
      throw ELFError(bytes[5] == 2 ? .bigEndian : .malformed("byte order \(bytes[5])"))
    }
    let cursor = ByteCursor(bytes.span)
    let type = cursor.load(UInt16.self, at: 16) ?? 0
    // ET_EXEC and ET_DYN.
    guard type == 2 || type == 3 else { throw ELFError(.notExecutable(type: type)) }
    let number = cursor.load(UInt16.self, at: 18) ?? 0
    guard let machine = ELFMachine(rawValue: number) else {
      throw ELFError(.unknownMachine(number))
    }
    self.machine = machine
    isPositionIndependent = type == 3
    segmentCount = try Self.segmentCount(cursor, in: source)
    sectionCount = try Self.sectionCount(cursor, in: source)
  }

  private static func segmentCount(_ header: borrowing ByteCursor, in source: ByteSource)
    throws(ELFError) -> Int
  {
    let offset = header.load(UInt64.self, at: 32) ?? 0
    let entrySize = header.load(UInt16.self, at: 54) ?? 0
    let count = header.load(UInt16.self, at: 56) ?? 0
    guard count > 0 else { throw ELFError(.malformed("no program headers")) }
    // 65535 (PN_XNUM) would mean that the count is elsewhere; no program has so many.
    guard count < UInt16.max, UInt64(entrySize) == programHeaderSize else {
      throw ELFError(.malformed("\(count) program headers of \(entrySize) bytes"))
    }
    try source.require(
      "program header table", offset: offset, count: UInt64(count) * programHeaderSize)
    return Int(count)
  }

  private static func sectionCount(_ header: borrowing ByteCursor, in source: ByteSource)
    throws(ELFError) -> Int
  {
    let offset = header.load(UInt64.self, at: 40) ?? 0
    guard offset != 0 else { return 0 }
    let entrySize = header.load(UInt16.self, at: 58) ?? 0
    guard UInt64(entrySize) == sectionHeaderSize else {
      throw ELFError(.malformed("section headers of \(entrySize) bytes"))
    }
    var count = UInt64(header.load(UInt16.self, at: 60) ?? 0)
    if count == 0 {
      // From 65,280 sections on, the count is in the size field of section 0.
      let first = source.read(at: offset, count: sectionHeaderSize)
      count = ByteCursor(first.span).load(UInt64.self, at: 32) ?? 1
    }
    guard count <= maximumSectionCount else { throw ELFError(.malformed("\(count) sections")) }
    try source.require(
      "section header table", offset: offset, count: count * sectionHeaderSize)
    return Int(count)
  }
}

extension ByteSource {
  /// Throws unless `count` bytes at `offset`, known to the reader as `part`, are all inside.
  func require(_ part: String, offset: UInt64, count: UInt64) throws(ELFError) {
    guard contains(offset: offset, count: count) else {
      let (end, overflow) = offset.addingReportingOverflow(count)
      throw ELFError(.truncated(part: part, end: overflow ? UInt64.max : end, size: size))
    }
  }
}
