/// Where a function of Go keeps its caller's RBP: right below the return address.
///
/// All compiled functions with a frame do so; assembly need not.
struct GoFrame {
  /// From here on the caller's RBP is in its place.
  let stored: UInt64
  /// From here on RBP is the address of that place.
  let linked: UInt64

  /// Bytes of code to look at, from one before the stack pointer has moved.
  static let codeSize = 10

  /// `code` begins one byte before `address`, where the stack pointer has just moved by `depth`.
  ///
  /// Nil if the code does not save RBP there.
  init?(_ code: [UInt8], address: UInt64, depth: UInt64) {
    guard let before = code.first, depth >= 8 else { return nil }
    let next = code.dropFirst()
    if before == 0x55, depth == 8 {
      // push %rbp; mov %rsp, %rbp: Go 1.21 and later.
      self.init(address, storing: 0, linking: 3)
    } else if let size = Self.storeSize(next, displacement: depth - 8) {
      // mov %rbp, D(%rsp); lea D(%rsp), %rbp.
      self.init(address, storing: size, linking: size)
    } else {
      return nil
    }
  }

  private init(_ address: UInt64, storing: UInt64, linking: UInt64) {
    stored = address &+ storing
    linked = stored &+ linking
  }

  /// Bytes of `mov %rbp, D(%rsp)`, whose displacement has one byte or four.
  private static func storeSize(_ code: ArraySlice<UInt8>, displacement: UInt64) -> UInt64? {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: displacement >> ($0 * 8)) }
    if displacement == 0, code.starts(with: [0x48, 0x89, 0x2C, 0x24]) { return 4 }
    if displacement < 128, code.starts(with: [0x48, 0x89, 0x6C, 0x24, bytes[0]]) { return 5 }
    return code.starts(with: [0x48, 0x89, 0xAC, 0x24] + bytes) ? 8 : nil
  }
}
