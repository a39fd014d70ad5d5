/// What lies at a code address, for the purpose of finding the caller.
package enum CodePlace {
  /// An executable file, loaded at its own addresses plus `bias`.
  case file(UnwindModule, bias: UInt64)
  /// A file that is mapped but could not be read.
  case unreadable
  /// Code that a runtime generated in memory; by convention it keeps frame pointers.
  case generated
  /// Nothing that is known.
  case nowhere
}

/// The mappings of one process.
package protocol CodeMap {
  /// What the process has at a code address.
  func place(at address: UInt64) -> CodePlace

  /// Whether the function at a code address is one that threads begin in.
  ///
  /// Asked where the walk would otherwise fail.
  func isThreadStart(at address: UInt64) -> Bool
}
