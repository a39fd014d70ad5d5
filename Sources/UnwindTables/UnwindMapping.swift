import BPFShared

/// What covers an address in place of a file with a number.
package enum SpecialFile {
  package static let none = UInt32(FILE_NONE.rawValue)
  package static let generated = UInt32(FILE_GENERATED.rawValue)
  package static let unreadable = UInt32(FILE_UNREADABLE.rawValue)
}

/// One executable mapping of a process, as the walker knows it.
package struct UnwindMapping: Hashable, Sendable {
  /// Page aligned.
  package var start: UInt64
  package var end: UInt64
  /// What loading added to the file's own addresses.
  package var bias: UInt64
  /// Number of the file's table, or one of `enum special_file` in BPF/shared/unwind.h.
  package var file: UInt32

  package init(start: UInt64, end: UInt64, bias: UInt64, file: UInt32) {
    self.start = start
    self.end = end
    self.bias = bias
    self.file = file
  }
}
