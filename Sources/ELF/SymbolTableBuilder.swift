/// Collects the symbols of code from the symbol tables of an image and of its debug file.
struct SymbolTableBuilder {
  private let limits: SymbolLimits
  /// Nil keeps everything.
  private let wanted: WantedAddresses?
  private var entries: [SymbolTable.Entry] = []
  private var names: [SymbolTable.Names] = []
  private var entriesRead = 0
  private var isTruncated = false
  private var malformedCount = 0

  private static let entrySize: UInt64 = 24
  private static let entriesPerRead: UInt64 = 65_536

  private enum SectionType {
    static let symbols: UInt32 = 2
    static let dynamicSymbols: UInt32 = 11
  }

  init(limits: SymbolLimits, wanted: WantedAddresses? = nil) {
    self.limits = limits
    self.wanted = wanted
  }

  mutating func add(_ image: ELFImage) {
    let isCode = image.sections.map(\.isExecutable)
    for section in image.sections
    where section.type == SectionType.symbols || section.type == SectionType.dynamicSymbols {
      add(section, of: image, isCode: isCode)
    }
  }

  consuming func build() -> SymbolTable {
    entries.sort { Self.precedes($0, $1) }
    return SymbolTable(
      sorted: entries, names: names, nameLength: limits.nameLength, isTruncated: isTruncated,
      malformedCount: malformedCount)
  }

  private static func precedes(_ left: SymbolTable.Entry, _ right: SymbolTable.Entry) -> Bool {
    if left.address != right.address { return left.address < right.address }
    if left.size != right.size { return left.size < right.size }
    if left.names != right.names { return left.names < right.names }
    return left.name < right.name
  }
}

extension SymbolTableBuilder {
  private mutating func add(_ section: SectionHeader, of image: ELFImage, isCode: [Bool]) {
    guard !section.isEmptyInFile, !section.isCompressed, section.size > 0 else { return }
    guard image.source.contains(offset: section.fileOffset, count: section.size),
      let strings = strings(of: section, in: image), names.count < Int(UInt8.max)
    else {
      malformedCount += 1
      return
    }
    names.append(
      SymbolTable.Names(
        source: image.source, offset: strings.fileOffset, size: strings.size))
    let total = section.size / Self.entrySize
    var position: UInt64 = 0
    while position < total {
      let count = min(total - position, Self.entriesPerRead)
      guard entriesRead + Int(count) <= limits.entriesRead, entries.count < limits.count else {
        isTruncated = true
        return
      }
      entriesRead += Int(count)
      let bytes = image.source.read(
        at: section.fileOffset &+ position * Self.entrySize, count: count * Self.entrySize)
      add(bytes.span, isCode: isCode, namesSize: strings.size)
      position += count
    }
  }

  private func strings(of section: SectionHeader, in image: ELFImage) -> SectionHeader? {
    guard image.sections.indices.contains(Int(section.link)) else { return nil }
    let strings = image.sections[Int(section.link)]
    guard !strings.isEmptyInFile, !strings.isCompressed,
      image.source.contains(offset: strings.fileOffset, count: strings.size)
    else { return nil }
    return strings
  }

  /// - Source: `Elf64_Sym`: name u32, info u8, other u8, section u16, value u64, size u64.
  private mutating func add(_ records: Span<UInt8>, isCode: [Bool], namesSize: UInt64) {
    let cursor = ByteCursor(records)
    for offset in stride(from: 0, to: records.count, by: Int(Self.entrySize)) {
      guard let info = cursor.load(UInt8.self, at: offset + 4), let rank = Self.rank(info),
        let section = cursor.load(UInt16.self, at: offset + 6), section != 0,
        let name = cursor.load(UInt32.self, at: offset), name != 0,
        let address = cursor.load(UInt64.self, at: offset + 8),
        let size = cursor.load(UInt64.self, at: offset + 16)
      else { continue }
      guard Int(section) < isCode.count, UInt64(name) < namesSize else {
        // Reserved numbers, such as SHN_ABS, are constants and no code.
        if section < 0xFF00 { malformedCount += 1 }
        continue
      }
      guard isCode[Int(section)], wanted?.isNamed(by: address, size: size) ?? true else { continue }
      guard entries.count < limits.count else {
        isTruncated = true
        return
      }
      entries.append(
        SymbolTable.Entry(
          address: address, size: UInt32(clamping: size), reach: 0, name: name,
          names: UInt8(names.count - 1), rank: rank))
    }
  }

  /// 16 for a label (`STT_NOTYPE`), plus 0 for global, 1 weak, 2 local; nil if it is no code.
  private static func rank(_ info: UInt8) -> UInt8? {
    let kind: UInt8
    switch info & 15 {
    case 0: kind = 16
    case 2, 10: kind = 0  // STT_FUNC, STT_GNU_IFUNC
    default: return nil
    }
    switch info >> 4 {
    case 1, 10: return kind  // STB_GLOBAL, STB_GNU_UNIQUE
    case 2: return kind + 1
    default: return kind + 2
    }
  }
}

extension ELFImage {
  /// The functions of `.symtab`, `.dynsym` and the file that these were split off to.
  ///
  /// Costs a read of both tables and one sort: keep the result.
  package func symbols(limits: SymbolLimits = SymbolLimits(), debugFile: ELFImage? = nil)
    -> SymbolTable
  {
    var builder = SymbolTableBuilder(limits: limits)
    builder.add(self)
    if let debugFile { builder.add(debugFile) }
    return builder.build()
  }

  /// The functions that contain some of these addresses, and no others.
  ///
  /// Costs a read of the tables alone; for the addresses it has the same names as the whole table.
  package func symbols(
    containing addresses: some Sequence<UInt64>, limits: SymbolLimits = SymbolLimits()
  ) -> SymbolTable {
    var builder = SymbolTableBuilder(limits: limits, wanted: WantedAddresses(addresses))
    builder.add(self)
    return builder.build()
  }
}
