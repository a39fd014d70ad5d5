extension ELFImage {
  /// The address of the first symbol of that name in `.symtab`; nil if there is none, or if the
  /// names take more than `limit` bytes.
  ///
  /// Reads all names and goes over all symbols: for one question about a file, where `symbols()`
  /// would sort and keep what nobody asks for.
  package func address(ofSymbol name: String, limit: UInt64 = 64 << 20) -> UInt64? {
    for section in sections where section.type == 2 && !section.isCompressed {
      guard sections.indices.contains(Int(section.link)) else { continue }
      let strings = sections[Int(section.link)]
      guard !strings.isEmptyInFile, !strings.isCompressed, strings.size <= limit,
        section.size <= limit, source.contains(offset: section.fileOffset, count: section.size),
        let wanted = Self.offset(
          of: Array(name.utf8),
          in: source.read(at: strings.fileOffset, count: strings.size)),
        let found = Self.value(
          ofSymbolNamedAt: wanted,
          in: source.read(at: section.fileOffset, count: section.size))
      else { continue }
      return found
    }
    return nil
  }

  /// Where a name begins in a table of names that end in 0.
  private static func offset(of name: [UInt8], in names: [UInt8]) -> UInt32? {
    let wanted = [0] + name + [0]
    var start = 0
    while let end = names[start...].dropFirst().firstIndex(of: 0) {
      if end - start == name.count + 1, names[start...end].elementsEqual(wanted) {
        return UInt32(exactly: start + 1)
      }
      start = end
    }
    return nil
  }

  /// - Source: `Elf64_Sym`: name u32, info u8, other u8, section u16, value u64, size u64.
  private static func value(ofSymbolNamedAt name: UInt32, in symbols: [UInt8]) -> UInt64? {
    let cursor = ByteCursor(symbols.span)
    for offset in stride(from: 0, to: symbols.count, by: 24)
    where cursor.load(UInt32.self, at: offset) == name {
      return cursor.load(UInt64.self, at: offset + 8)
    }
    return nil
  }
}
