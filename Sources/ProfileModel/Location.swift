/// A place in code: an offset in a mapped file, and the function found there.
package struct Location: Hashable, Sendable {
  /// Number of the mapping in `Profile.mappings`, or nil where an imported format has none.
  package var mapping: UInt32?
  /// Offset in the mapped file in bytes; for the kernel and JIT code an absolute address.
  ///
  /// It points at the executing instruction in the leaf and into the call instruction elsewhere.
  package var offset: UInt64
  /// Number of the function in `Profile.functions`; nil until the location is symbolized.
  package var function: UInt32?

  package init(mapping: UInt32?, offset: UInt64, function: UInt32? = nil) {
    self.mapping = mapping
    self.offset = offset
    self.function = function
  }
}
