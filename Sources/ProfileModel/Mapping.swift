/// A file in an address space, or the kernel.
///
/// Processes that map the same file share one mapping: locations are offsets in the file, so they
/// agree wherever each process loaded it. The addresses are those of the first process seen.
package struct Mapping: Hashable, Sendable {
  /// Path of the file as the process sees it, `[kernel]`, `[vdso]`, or a JIT's memory.
  package var path: StringTable.ID
  /// Lower-case hexadecimal GNU build-id, or the empty string.
  package var buildID: StringTable.ID
  /// First address of the mapping in memory.
  package var start: UInt64
  /// First address after the mapping.
  package var end: UInt64
  /// Offset in the file that `start` corresponds to, in bytes.
  package var fileOffset: UInt64

  package init(
    path: StringTable.ID, buildID: StringTable.ID = .empty, start: UInt64 = 0, end: UInt64 = 0,
    fileOffset: UInt64 = 0
  ) {
    self.path = path
    self.buildID = buildID
    self.start = start
    self.end = end
    self.fileOffset = fileOffset
  }
}
