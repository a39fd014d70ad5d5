/// A named piece of code, as every output format shows it.
package struct Function: Hashable, Sendable {
  /// Short name, without parameters and template arguments.
  ///
  /// Unknown code is `[module+0xoffset]`.
  package var name: StringTable.ID
  /// The whole demangled name; equal to `name` where there is nothing to add.
  package var fullName: StringTable.ID
  /// The name in the symbol table, before demangling.
  package var systemName: StringTable.ID
  /// Base name of the file, kernel module or runtime that the code belongs to; may be empty.
  package var module: StringTable.ID
  package var kind: FrameKind

  package init(
    name: StringTable.ID, fullName: StringTable.ID? = nil, systemName: StringTable.ID? = nil,
    module: StringTable.ID = .empty, kind: FrameKind
  ) {
    self.name = name
    self.fullName = fullName ?? name
    self.systemName = systemName ?? name
    self.module = module
    self.kind = kind
  }
}
