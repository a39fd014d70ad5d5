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
  package func table(of image: ELFImage) -> Result {
    guard image.machine == .x86_64 else { return (nil, UnwindTableStatistics()) }
    let text = image.executableRanges
    if let go = goFunctions(of: image) {
      let table = GoFunctionTable(go.span, textStart: image.goTextStart)
      let frames = loadedFrames(of: image)
      return builder(frames, image).build(frames.bytes.span, go: table) {
        image.read(address: $0, count: $1)
      }
    }
    let frames = loadedFrames(of: image)
    let loaded = builder(frames, image).build(frames.bytes.span) {
      image.read(address: $0, count: $1)
    }
    guard loaded.statistics.functionCount < Self.usefulFunctionCount,
      let bytes = image.contents(of: .debugFrames, limit: sectionBytes)
    else { return loaded }
    let unloaded = UnwindTableBuilder(kind: .debugFrame, address: 0, text: text, limits: limits)
      .build(bytes.span) { image.read(address: $0, count: $1) }
    return unloaded.statistics.functionCount > loaded.statistics.functionCount ? unloaded : loaded
  }

  private func builder(_ frames: (address: UInt64, bytes: [UInt8]), _ image: ELFImage)
    -> UnwindTableBuilder
  {
    UnwindTableBuilder(
      address: frames.address, stopsAtTerminator: !image.hasUnwindFrameSection,
      text: image.executableRanges, limits: limits)
  }

  /// The bytes of `.eh_frame`; none if there is no such section.
  private func loadedFrames(of image: ELFImage) -> (address: UInt64, bytes: [UInt8]) {
    guard let range = image.unwindFrames, UInt64(range.count) <= sectionBytes else {
      return (0, [])
    }
    return (range.lowerBound, image.read(address: range.lowerBound, count: range.count))
  }

  /// Go's function table, by its section or, in a file without sections, by its signature.
  private func goFunctions(of image: ELFImage) -> [UInt8]? {
    image.contents(of: .goFunctions, limit: sectionBytes)
      ?? image.contents(of: .relocatedGoFunctions, limit: sectionBytes)
  }
}
