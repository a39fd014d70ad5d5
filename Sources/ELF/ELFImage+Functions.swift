/// A function that a file defines.
package struct ELFFunction: Hashable, Sendable {
  package let name: String
  /// Virtual address in the image, before it is relocated.
  package let address: UInt64
  /// Bytes; 0 where the symbol does not say.
  package let size: UInt64
}

extension ELFImage {
  /// The functions of these names, by the tables of all symbols and of the dynamic ones, each place
  /// once; what takes more than `limit` bytes is left out.
  ///
  /// Names may end other names in the table of names, for linkers share what is equal.
  package func functions(named names: some Sequence<String>, limit: UInt64 = 256 << 20)
    -> [ELFFunction]
  {
    let wanted = Dictionary(grouping: names.map { Array($0.utf8) + [0] }) { $0[0] }
    var found: [ELFFunction] = []
    var places: Set<UInt64> = []
    for section in sections where section.type == 2 || section.type == 11 {
      guard sections.indices.contains(Int(section.link)),
        let names = bytes(of: sections[Int(section.link)], limit),
        let symbols = bytes(of: section, limit)
      else { continue }
      Self.forEachFunction(in: symbols) { name, address, size in
        guard name < names.count, let candidates = wanted[names[name]],
          let match = candidates.first(where: { names[name...].starts(with: $0) }),
          places.insert(address).inserted
        else { return }
        found.append(
          ELFFunction(
            name: String(decoding: match.dropLast(), as: UTF8.self), address: address, size: size))
      }
    }
    return found.sorted { $0.address < $1.address }
  }

  private func bytes(of section: SectionHeader, _ limit: UInt64) -> [UInt8]? {
    guard !section.isEmptyInFile, !section.isCompressed, section.size > 0, section.size <= limit,
      source.contains(offset: section.fileOffset, count: section.size)
    else { return nil }
    return source.read(at: section.fileOffset, count: section.size)
  }

  /// - Source: `Elf64_Sym`: name u32, info u8, other u8, section u16, value u64, size u64. The type
  ///   is the low half of `info`, 2 for a function; section 0 is that of what others define.
  private static func forEachFunction(
    in symbols: [UInt8], _ body: (_ name: Int, _ address: UInt64, _ size: UInt64) -> Void
  ) {
    let cursor = ByteCursor(symbols.span)
    for offset in stride(from: 0, to: symbols.count, by: 24) {
      guard let info = cursor.load(UInt8.self, at: offset + 4), info & 15 == 2,
        let section = cursor.load(UInt16.self, at: offset + 6), section != 0,
        let name = cursor.load(UInt32.self, at: offset),
        let address = cursor.load(UInt64.self, at: offset + 8), address != 0,
        let size = cursor.load(UInt64.self, at: offset + 16)
      else { continue }
      body(Int(name), address, size)
    }
  }
}
