package import LinuxHost
package import ProfileModel

/// An executable file or shared object: where its code lies, how to unwind it, what it is called.
///
/// The file is somebody else's. Its three header tables are checked when it is opened, and a lie
/// about their sizes is an error that names it; a section that lies costs only what is in it.
package final class ELFImage: Sendable {
  package let machine: ELFMachine
  /// The loader may put it anywhere; otherwise it lies at its own addresses.
  package let isPositionIndependent: Bool
  /// In the order of the file.
  package let segments: [LoadSegment]
  package let buildID: BuildID?
  /// Virtual addresses of `.eh_frame_hdr`, by program header, so that it needs no sections.
  package let unwindHeader: Range<UInt64>?
  /// Virtual addresses of `.eh_frame`.
  ///
  /// By section, else from where the header points to the end of that segment: then the range
  /// holds other data behind the frames' terminator.
  package let unwindFrames: Range<UInt64>?
  /// Where `.debug_frame` lies in the file; nil if there is none or it is compressed.
  package let debugFrames: (fileOffset: UInt64, size: UInt64)?

  let unwindSections: [UnwindSection: SectionHeader]
  let source: ByteSource
  let sections: [SectionHeader]

  /// Reads the headers of `file`, whose contents must not change while it is used.
  package convenience init(_ file: OpenFile) throws(ELFError) {
    try self.init(.file(file), isDebugFile: false)
  }

  /// Reads an image from memory, such as a copy of the vDSO.
  package convenience init(bytes: [UInt8]) throws(ELFError) {
    try self.init(.memory(bytes), isDebugFile: false)
  }

  /// The segments of a debug file describe the file that it was split from, not itself.
  init(_ source: ByteSource, isDebugFile: Bool) throws(ELFError) {
    let headers = try ELFHeaders(source)
    if !isDebugFile { try Self.check(headers.loads, in: source) }
    let layout = ImageLayout(headers, source: source)
    self.source = source
    machine = headers.machine
    isPositionIndependent = headers.isPositionIndependent
    segments = headers.loads
    sections = headers.sections
    buildID = layout.buildID()
    unwindHeader = layout.unwindHeader()
    unwindFrames = layout.unwindFrames()
    debugFrames = layout.debugFrames()
    unwindSections = layout.unwindSections()
  }

  private static func check(_ segments: [LoadSegment], in source: ByteSource) throws(ELFError) {
    guard !segments.isEmpty else { throw ELFError(.malformed("no segment to load")) }
    for (index, segment) in segments.enumerated() {
      try source.require(
        "segment \(index)", offset: segment.fileOffset, count: segment.fileSize)
    }
  }
}

extension ELFImage {
  /// The virtual address of a place in the file, or nil if no segment loads it.
  ///
  /// What a segment holds itself goes before what is mapped beside it, executable before not.
  package func address(ofFileOffset offset: UInt64) -> UInt64? {
    firstMatch { $0.address(ofFileOffset: offset, wholePages: $1) }
  }

  /// The place in the file of a virtual address, or nil if nothing of the file is loaded there.
  package func fileOffset(ofAddress address: UInt64) -> UInt64? {
    firstMatch { $0.fileOffset(ofAddress: address, wholePages: $1) }
  }

  /// The file's bytes that are loaded at `address`: at most `count`, and none past the segment.
  package func read(address: UInt64, count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    for segment in segments {
      let distance = address &- segment.address
      guard distance < segment.fileSize else { continue }
      return source.read(
        at: segment.fileOffset &+ distance, count: min(UInt64(count), segment.fileSize - distance))
    }
    return []
  }

  /// Which file it is; nil for an image in memory.
  package var identity: FileIdentity? {
    switch source {
    case .file(let file): file.identity
    case .memory: nil
    }
  }

  private func firstMatch(_ match: (LoadSegment, Bool) -> UInt64?) -> UInt64? {
    for wholePages in [false, true] {
      for executable in [true, false] {
        for segment in segments where segment.isExecutable == executable {
          if let found = match(segment, wholePages) { return found }
        }
      }
    }
    return nil
  }
}
