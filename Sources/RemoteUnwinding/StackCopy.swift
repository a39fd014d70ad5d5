/// The part of a thread's stack that was copied when it was sampled.
package struct StackCopy: ~Escapable {
  /// Address of the first byte, at or somewhat below the stack pointer.
  package let address: UInt64
  /// The stack pointer with which the kernel started the program, where this is that stack.
  package let base: UInt64?
  package let bytes: RawSpan

  @_lifetime(copy bytes)
  package init(address: UInt64, base: UInt64?, bytes: RawSpan) {
    self.address = address
    self.base = base
    self.bytes = bytes
  }
}
