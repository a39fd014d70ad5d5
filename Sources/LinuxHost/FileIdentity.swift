/// Which file it is, so that two mappings of one file share what we know about it.
package struct FileIdentity: Hashable, Sendable {
  /// The file's `st_dev`; some file systems report another number in a mapping than `stat` does.
  package var device: UInt64
  package var inode: UInt64
  /// Bytes.
  package var size: UInt64
  /// Time of the last change of contents or attributes, in nanoseconds since 1970.
  package var changeNanoseconds: Int64

  package init(device: UInt64, inode: UInt64, size: UInt64, changeNanoseconds: Int64) {
    self.device = device
    self.inode = inode
    self.size = size
    self.changeNanoseconds = changeNanoseconds
  }
}
