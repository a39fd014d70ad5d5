/// A name for a range of code, as the symbol table spells it.
package struct Symbol: Hashable, Sendable {
  /// Virtual address in the image, before it is relocated.
  package let address: UInt64
  /// Bytes; 0 for a label, which names nothing but its own address.
  package let size: UInt64
  /// Not demangled, without a symbol version; foreign bytes that need not be UTF-8.
  package let name: [UInt8]
}
