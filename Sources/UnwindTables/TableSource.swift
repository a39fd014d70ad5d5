package import ELF
package import Unwinding

/// Makes the table of a file, from whatever the file has to say.
package struct TableSource: Sendable {
  package var limits = UnwindTableLimits()
  /// Bytes of a section that are read, and held while the table is built.
  ///
  /// The largest known `.eh_frame`, that of a browser, has 30 MB.
  package var sectionBytes: UInt64 = 256 << 20

  package typealias Result = (table: UnwindTable?, statistics: UnwindTableStatistics)

  /// With fewer functions than this, `.eh_frame` holds no more than what the linker adds itself.
  private static let usefulFunctionCount = 8

  package init() {}

  /// The table of a file; nil if nothing in it says how to unwind its code, or if it is for a
  /// machine whose rules wick does not know.
  ///
  /// A table that comes out of the cache has no statistics but its counts of rows and rules.
  package func table(of image: ELFImage, cache: TableCache? = nil) -> Result {
    guard image.machine == .x86_64 else { return (nil, UnwindTableStatistics()) }
    let frames = loadedFrames(of: image)
    let loaded = builder(frames.lowerBound, image)
    if let go = goFunctions(of: image),
      let table = GoFunctionTable(
        go.span, textStart: { textStart(of: image, hasFrames: !frames.isEmpty) })
    {
      let bytes = Self.bytes(frames, of: image)
      return loaded.build(bytes.span, go: table) { image.read(address: $0, count: $1) }
    }
    if let table = cachedTable(loaded, frames, image, cache) { return Self.result(of: table) }
    let result = build(loaded, Self.bytes(frames, of: image), image, cache)
    guard result.statistics.functionCount < Self.usefulFunctionCount,
      result.table?.rows.count ?? 0 < Self.usefulFunctionCount * 4,
      let bytes = image.contents(of: .debugFrames, limit: sectionBytes)
    else { return result }
    var unloaded = builder(0, image)
    unloaded.kind = .debugFrame
    unloaded.stopsAtTerminator = false
    let other = build(unloaded, bytes, image, cache)
    return other.table?.rows.count ?? 0 > result.table?.rows.count ?? 0 ? other : result
  }

  /// Builds the table, unless the cache has it; it is kept under a hash of the very bytes that it was
  /// built from, for the file may have changed since `cachedTable` read it.
  private func build(
    _ builder: UnwindTableBuilder, _ bytes: [UInt8], _ image: ELFImage, _ cache: TableCache?
  ) -> Result {
    let read: UnwindTableBuilder.ReadText = { image.read(address: $0, count: $1) }
    guard let cache, TableCache.isWorthKeeping(frameBytes: bytes.count) else {
      return builder.build(bytes.span, readText: read)
    }
    let identity = cache.identity(builder, bytes)
    if let table = cache.table(identity) { return Self.result(of: table) }
    let built = builder.build(bytes.span, readText: read)
    if let table = built.table, !built.statistics.dependsOnCode { cache.store(table, identity) }
    return built
  }

  /// The table of a loaded section, if the cache has it.
  ///
  /// The section is read in pieces for that: those of large programs take ten megabytes and more.
  private func cachedTable(
    _ builder: UnwindTableBuilder, _ frames: Range<UInt64>, _ image: ELFImage, _ cache: TableCache?
  ) -> UnwindTable? {
    guard let cache, TableCache.isWorthKeeping(frameBytes: frames.count) else { return nil }
    let identity = cache.identity(builder, byteCount: frames.count) { hash in
      // By offset: the file may say that the section ends at the last of all addresses.
      for offset in stride(from: 0, to: frames.count, by: Self.pieceBytes) {
        let count = min(Self.pieceBytes, frames.count - offset)
        hash.add(image.read(address: frames.lowerBound &+ UInt64(offset), count: count).span)
      }
    }
    return cache.table(identity)
  }

  private static let pieceBytes = 1 << 18

  private static func result(of table: UnwindTable) -> Result {
    var statistics = UnwindTableStatistics()
    statistics.rowCount = table.rows.count
    statistics.ruleCount = table.rules.count
    return (table, statistics)
  }

  private func builder(_ address: UInt64, _ image: ELFImage) -> UnwindTableBuilder {
    UnwindTableBuilder(
      address: address, stopsAtTerminator: !image.hasUnwindFrameSection,
      text: image.executableRanges, limits: limits)
  }

  /// Where `.eh_frame` is; empty if there is no such section.
  private func loadedFrames(of image: ELFImage) -> Range<UInt64> {
    guard let range = image.unwindFrames, UInt64(range.count) <= sectionBytes else { return 0..<0 }
    return range
  }

  private static func bytes(_ range: Range<UInt64>, of image: ELFImage) -> [UInt8] {
    image.read(address: range.lowerBound, count: range.count)
  }

  /// Go's function table, by its section or, in a file without sections, by its signature.
  private func goFunctions(of image: ELFImage) -> [UInt8]? {
    image.contents(of: .goFunctions, limit: sectionBytes)
      ?? image.contents(of: .relocatedGoFunctions, limit: sectionBytes)
      ?? (image.hasSections ? nil : goFunctionsBySignature(of: image))
  }

  /// What follows the first bytes that look like the start of Go's function table.
  private func goFunctionsBySignature(of image: ELFImage) -> [UInt8]? {
    for segment in image.segments where !segment.isExecutable {
      let end = min(segment.fileSize, sectionBytes)
      for start in stride(from: 0, to: end, by: Int(Self.searchBytes)) {
        let bytes = image.read(address: segment.address &+ start, count: Int(Self.searchBytes))
        // The linker aligns it to at least eight bytes, and the pieces have a multiple of these.
        for place in stride(from: 0, to: bytes.count, by: 8)
        where GoFunctionTable.signatures.contains(where: { bytes[place...].starts(with: $0) }) {
          let address = segment.address &+ start &+ UInt64(place)
          return image.read(address: address, count: Int(end - start) - place)
        }
      }
    }
    return nil
  }

  private static let searchBytes: UInt64 = 1 << 20

  /// Where Go's code begins, for tables that leave it to the loader.
  ///
  /// In a program without symbols it is the start of all code, unless C is linked with it.
  private func textStart(of image: ELFImage, hasFrames: Bool) -> UInt64? {
    image.address(ofSymbol: "runtime.text") ?? (hasFrames ? nil : image.address(of: .text))
  }
}
