import CLinux
import Glibc

/// A regular file opened for reading, closed with its last owner.
///
/// Contents are read with `pread` into our memory and never mapped: a mapped file that its owner
/// truncates would end us with SIGBUS.
package final class OpenFile: Sendable {
  package let descriptor: CInt
  /// Size in bytes when it was opened; the file may have changed since.
  package let size: UInt64
  package let identity: FileIdentity
  /// User that owns the file.
  package let owner: UInt32
  package let linkCount: UInt64
  /// The lower 12 bits of its mode.
  package let permissions: UInt32
  /// When its contents changed last, in seconds since 1970.
  package let modifiedSeconds: Int64

  /// Takes over an open descriptor, or closes it and returns nil if it is no regular file.
  package init?(owning descriptor: CInt) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    size = UInt64(max(0, status.st_size))
    identity = FileIdentity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: size,
      changeNanoseconds: Int64(status.st_ctim.tv_sec) &* 1_000_000_000
        &+ Int64(status.st_ctim.tv_nsec))
    owner = status.st_uid
    linkCount = UInt64(status.st_nlink)
    permissions = status.st_mode & 0o7777
    modifiedSeconds = Int64(status.st_mtim.tv_sec)
  }

  /// Opens `path` on our own root, following symbolic links.
  ///
  /// For files that the operator names or the system owns; files of a profiled process are opened
  /// through `ForeignFiles`.
  package convenience init?(trusted path: String) {
    let descriptor = unsafe wick_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    self.init(owning: descriptor)
  }

  /// Opens a file in a folder that others may write to.
  ///
  /// We may read more than they do, and must not do it for them: it is no link, and everybody may read
  /// it, or it is our own.
  package convenience init?(shared path: String) {
    var status = stat()
    // To open a device may already do something.
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
    let descriptor = unsafe wick_open(path, flags, 0)
    guard descriptor >= 0 else { return nil }
    self.init(owning: descriptor)
    guard permissions & 0o004 != 0 || owner == geteuid() else { return nil }
  }

  deinit { close(descriptor) }

  /// Up to `count` bytes at `offset`: fewer at the end of the file or after an error.
  package func read(at offset: UInt64, count: Int) -> [UInt8] {
    guard count > 0, let start = off_t(exactly: offset) else { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let status = unsafe pread(
          descriptor, buffer.baseAddress.map { unsafe $0 + filled }, count - filled,
          start &+ off_t(filled))
        if status < 0 && errno == EINTR { continue }
        guard status > 0 else { return }
        filled += status
      }
    }
  }
}
