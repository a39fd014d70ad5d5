import RemoteUnwinding

/// An executable image with one function and the unwind information that a test gives it.
///
/// Addresses are the image's own: header at 0, CIE at 0x100, FDE at `frame`, function at 0x80000.
struct SyntheticModule {
  static let function: UInt64 = 0x80000
  static let functionBytes: UInt64 = 0x1000
  static let imageBytes = 0x90000
  private static let information = 0x100

  /// The header, the CIE and the FDE; the rest of the image is zeros.
  var bytes: [UInt8]

  /// - Parameters:
  ///   - program: the instructions of the function.
  ///   - returnRegister: of the CIE, a LEB128 number.
  init(
    _ program: [UInt8], returnRegister: [UInt8] = [16]
  ) {
    let initial: [UInt8] = [0x0c, 7, 8, 0x90, 1]  // CFA is RSP + 8; the return address is below it
    let common =
      [0, 0, 0, 0, 1] + Array("zR\0".utf8) + [1, 0x78] + returnRegister + [1, 0x1b] + initial
    let frame = Self.information + 4 + common.count
    bytes = [1, 0x1b, 3, 0x3b] + Self.word(UInt32(frame)) + Self.word(1)
    bytes += Self.word(UInt32(Self.function)) + Self.word(UInt32(frame))
    bytes += [UInt8](repeating: 0, count: Self.information - bytes.count)
    bytes += Self.word(UInt32(common.count)) + common
    bytes += Self.word(UInt32(13 + program.count))
    bytes += Self.word(UInt32(frame + 4 - Self.information))
    bytes += Self.word(UInt32(Int(Self.function) - (frame + 8)))
    bytes += Self.word(UInt32(Self.functionBytes)) + [0] + program
  }

  static func word(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The image as the walker reads it.
  func module(headerBytes: UInt64 = 20) -> UnwindModule {
    let bytes = bytes
    return UnwindModule(extent: 0..<UInt64(Self.imageBytes), header: 0..<headerBytes) {
      address, count in
      guard address < UInt64(Self.imageBytes) else { return [] }
      let end = min(Int(address) + count, Self.imageBytes)
      let known = bytes.dropFirst(Int(address)).prefix(count)
      return Array(known) + [UInt8](repeating: 0, count: end - Int(address) - known.count)
    }
  }
}
