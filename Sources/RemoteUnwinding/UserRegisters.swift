/// The integer registers of a thread, numbered as DWARF does.
///
/// - Source: System V ABI, AMD64 supplement, figure 3.36: RAX RDX RCX RBX RSI RDI RBP RSP R8–R15,
///   and 16 for the return address.
package struct UserRegisters: Sendable {
  package static let count = 17
  package var values: [17 of UInt64]

  package init(values: [17 of UInt64]) { self.values = values }

  package init() { values = .init(repeating: 0) }

  package var framePointer: UInt64 {
    get { values[6] }
    set { values[6] = newValue }
  }
  package var stackPointer: UInt64 {
    get { values[7] }
    set { values[7] = newValue }
  }
  package var programCounter: UInt64 {
    get { values[16] }
    set { values[16] = newValue }
  }
}
