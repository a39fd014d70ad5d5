/// Which of its two forms call frame information is in.
package enum FrameSectionKind: Sendable {
  /// `.eh_frame`: loaded with the program, its pointers relative and encoded.
  ///
  /// - Source: Linux Standard Base, core generic, "Exception Frames".
  case ehFrame
  /// `.debug_frame`: not loaded, its pointers absolute.
  ///
  /// - Source: DWARF 4, section 6.4.
  case debugFrame
}
