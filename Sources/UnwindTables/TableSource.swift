package import ELF
package import Unwinding

/// Makes the table of a file, from whatever the file has to say.
package struct TableSource: Sendable {
  package var limits = UnwindTableLimits()
  /// Bytes of a section that are read, and held while the table is built. The largest known
  /// `.eh_frame`, that of a browser, has 30 MB.
  package var sectionBytes: UInt64 = 256 << 20

  /// With fewer functions than this, `.eh_frame` holds no more than what the linker adds itself.
  private static let usefulFunctionCount = 8

  package init() {}

  /// The table of a file; nil if nothing in it says how to unwind its code, or if it is for a
  /// machine whose rules wick does not know.
  package func table(of image: ELFImage) -> (
    table: UnwindTable?, statistics: UnwindTableStatistics
  ) {
    guard image.machine == .x86_64 else { return (nil, UnwindTableStatistics()) }
    let loaded = loadedFrames(of: image)
    guard loaded.statistics.functionCount < Self.usefulFunctionCount,
      let bytes = image.contents(of: .debugFrames, limit: sectionBytes)
    else { return loaded }
    let builder = UnwindTableBuilder(
      kind: .debugFrame, address: 0, text: image.executableRanges, limits: limits)
    let unloaded = build(builder, bytes, image)
    return unloaded.statistics.functionCount > loaded.statistics.functionCount ? unloaded : loaded
  }

  private func loadedFrames(of image: ELFImage) -> (
    table: UnwindTable?, statistics: UnwindTableStatistics
  ) {
    guard let range = image.unwindFrames, UInt64(range.count) <= sectionBytes else {
      return (nil, UnwindTableStatistics())
    }
    let builder = UnwindTableBuilder(
      address: range.lowerBound, stopsAtTerminator: !image.hasUnwindFrameSection,
      text: image.executableRanges, limits: limits)
    return build(builder, image.read(address: range.lowerBound, count: range.count), image)
  }

  private func build(_ builder: UnwindTableBuilder, _ bytes: [UInt8], _ image: ELFImage) -> (
    table: UnwindTable?, statistics: UnwindTableStatistics
  ) {
    builder.build(bytes) { image.read(address: $0, count: $1) }
  }
}
