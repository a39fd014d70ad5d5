/// The instruction set of an image, by its number in the ELF header.
package enum ELFMachine: UInt16, Hashable, Sendable {
  /// `EM_X86_64`.
  case x86_64 = 62
  /// `EM_AARCH64`.
  case arm64 = 183
}
