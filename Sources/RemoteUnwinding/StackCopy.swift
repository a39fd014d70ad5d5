/// The parts of a thread's stacks that were copied when it was sampled.
package struct StackCopy: ~Escapable {
  /// Address of the first byte, at or somewhat below the stack pointer.
  package let address: UInt64
  /// How many bytes were copied from there.
  package let count: Int
  /// Address of the first byte of the stack that a signal handler interrupted, where the handler
  /// runs on a stack of its own.
  package let belowAddress: UInt64
  /// The stack pointer with which the kernel started the program, where this is that stack.
  package let base: UInt64?
  /// Both stacks behind each other.
  package let bytes: RawSpan

  @_lifetime(copy bytes)
  package init(
    address: UInt64, count: Int, belowAddress: UInt64 = 0, base: UInt64?, bytes: RawSpan
  ) {
    self.address = address
    self.count = count
    self.belowAddress = belowAddress
    self.base = base
    self.bytes = bytes
  }
}
