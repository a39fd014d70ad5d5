/// A part of the file that the loader maps into memory: a program header of type `PT_LOAD`.
package struct LoadSegment: Hashable, Sendable {
  /// First byte in the file.
  package let fileOffset: UInt64
  /// Virtual address of that byte, before the image is relocated.
  package let address: UInt64
  /// Bytes that come from the file.
  package let fileSize: UInt64
  /// Bytes in memory; what exceeds `fileSize` is zero.
  package let memorySize: UInt64
  package let isExecutable: Bool

  /// The kernel maps whole pages, so a mapping holds bytes around the segment's own.
  private static let pageMask: UInt64 = 4095

  /// The address of the byte at `offset` in the file, if this segment holds it.
  ///
  /// With `wholePages`, also what is mapped only because pages are mapped whole.
  func address(ofFileOffset offset: UInt64, wholePages: Bool) -> UInt64? {
    let slack = wholePages ? fileOffset & Self.pageMask : 0
    let distance = offset &- (fileOffset &- slack)
    guard distance < length(slack: slack, wholePages: wholePages) else { return nil }
    return address &- slack &+ distance
  }

  /// The place in the file of the byte at `wanted`; the inverse of `address(ofFileOffset:)`.
  func fileOffset(ofAddress wanted: UInt64, wholePages: Bool) -> UInt64? {
    let slack = wholePages ? fileOffset & Self.pageMask : 0
    let distance = wanted &- (address &- slack)
    guard distance < length(slack: slack, wholePages: wholePages) else { return nil }
    return fileOffset &- slack &+ distance
  }

  /// Cannot overflow: an image is only accepted if all its segments end inside the file.
  private func length(slack: UInt64, wholePages: Bool) -> UInt64 {
    guard fileSize > 0 else { return 0 }
    let length = slack &+ fileSize
    return wholePages ? (length &+ Self.pageMask) & ~Self.pageMask : length
  }
}
