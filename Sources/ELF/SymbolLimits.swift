/// How much of a file's symbol tables is kept, however much the file claims to have.
package struct SymbolLimits: Hashable, Sendable {
  /// Symbols of code, of 24 bytes each; the largest browsers have about a million.
  package var count = 4_000_000
  /// Table entries that are looked at, of code or not.
  package var entriesRead = 16_000_000
  /// Bytes of a name; what is longer is cut.
  package var nameLength = 65_536

  package init() {}
}
