/// Executable memory of one process.
package struct MappedRange {
  package var start: UInt64
  package var end: UInt64
  /// Offset in the file that `start` shows, in bytes.
  package var fileOffset: UInt64
  package var file: MappedFile

  /// The same memory without what lies below `address`.
  func from(_ address: UInt64) -> MappedRange {
    var rest = self
    rest.start = address
    rest.fileOffset &+= address - start
    return rest
  }

  /// The same memory without what lies at `address` and above.
  func upTo(_ address: UInt64) -> MappedRange {
    var rest = self
    rest.end = address
    return rest
  }
}
