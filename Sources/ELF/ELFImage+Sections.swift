internal import Compression

/// A section from which unwind tables are made.
package enum UnwindSection: String, CaseIterable, Sendable {
  case frames = ".eh_frame"
  case debugFrames = ".debug_frame"
  /// The function table of Go.
  case goFunctions = ".gopclntab"
  /// The same in a position-independent program.
  case relocatedGoFunctions = ".data.rel.ro.gopclntab"
  case text = ".text"
}

extension ELFImage {
  /// Where the code is, in the file's own addresses.
  package var executableRanges: [Range<UInt64>] {
    segments.compactMap { segment in
      let (end, overflow) = segment.address.addingReportingOverflow(segment.fileSize)
      return segment.isExecutable && !overflow ? segment.address..<end : nil
    }
  }

  package var hasSections: Bool { !sections.isEmpty }

  /// Whether `unwindFrames` is exactly a section, and not only where one begins.
  package var hasUnwindFrameSection: Bool {
    unwindSections[.frames].map { $0.address == unwindFrames?.lowerBound } ?? false
  }

  /// Virtual address of a section, 0 if it is not loaded; nil if there is no such section.
  package func address(of name: UnwindSection) -> UInt64? { unwindSections[name]?.address }

  /// The contents of a section, decompressed if need be.
  ///
  /// Nil if there is none, if it takes more than `limit` bytes, or if it lies about itself.
  package func contents(of name: UnwindSection, limit: UInt64) -> [UInt8]? {
    guard let section = unwindSections[name], !section.isEmptyInFile, section.size > 0,
      section.size <= limit,
      source.contains(offset: section.fileOffset, count: section.size)
    else { return nil }
    let bytes = source.read(at: section.fileOffset, count: section.size)
    return section.isCompressed ? Self.decompress(bytes, limit: limit) : bytes
  }

  /// - Source: `Elf64_Chdr`: type u32, reserved u32, size u64, alignment u64.
  private static func decompress(_ bytes: [UInt8], limit: UInt64) -> [UInt8]? {
    let cursor = ByteCursor(bytes.span)
    // ELFCOMPRESS_ZLIB. No best compression shrinks by more than 1,032 (the zlib FAQ says why).
    guard cursor.load(UInt32.self, at: 0) == 1, let size = cursor.load(UInt64.self, at: 8),
      size > 0, size <= min(limit, UInt64(bytes.count) * 1_032), bytes.count > 24
    else { return nil }
    return Zlib.decompress(Array(bytes[24...]), size: Int(size))
  }
}
