import Glibc

/// How much a file system holds.
///
/// - Source: statvfs(3).
package struct FileSystemRoom: Hashable, Sendable {
  package let bytes: UInt64
  /// Free, those for root included.
  package let freeBytes: UInt64
  /// Free for everybody.
  package let availableBytes: UInt64
  package let files: UInt64
  package let freeFiles: UInt64

  /// Nil if the file system does not answer.
  package init?(of path: String) {
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 else { return nil }
    let block = UInt64(clamping: status.f_frsize)
    bytes = UInt64(status.f_blocks) &* block
    freeBytes = UInt64(status.f_bfree) &* block
    availableBytes = UInt64(status.f_bavail) &* block
    files = UInt64(status.f_files)
    freeFiles = UInt64(status.f_ffree)
  }
}
