/// What the section header table says about one section; foreign values, not yet checked.
struct SectionHeader: Hashable, Sendable {
  /// Offset of the name in the section name table.
  let nameOffset: UInt32
  let type: UInt32
  let flags: UInt64
  let address: UInt64
  let fileOffset: UInt64
  /// Bytes.
  let size: UInt64
  /// For a symbol table, the number of the section that holds its names.
  let link: UInt32

  /// `SHF_EXECINSTR`.
  var isExecutable: Bool { flags & 0x4 != 0 }
  /// `SHF_COMPRESSED`.
  var isCompressed: Bool { flags & 0x800 != 0 }
  /// `SHT_NOBITS`: takes no room in the file, as everything in a debug file but its symbols.
  var isEmptyInFile: Bool { type == 8 }
}
