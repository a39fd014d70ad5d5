import CLinux
import Glibc

/// A directory of ours whose files are appended to, and used by one process at a time.
///
/// Names in it are plain file names; symbolic links are never followed.
package final class JournalDirectory: Sendable {
  private let descriptor: CInt
  /// Names that are listed at most.
  private static let nameLimit = 65_536

  /// Opens the directory, or makes it and the one that it lies in.
  ///
  /// The lock is on the directory itself, because a file could not be made for it on a file system
  /// that is read-only or full.
  /// - Throws: also if others than we may use it, or another process does.
  package init(_ path: String) throws(FileError) {
    _ = unsafe mkdir(FileAccess.folder(of: path), 0o755)
    _ = unsafe mkdir(path, 0o700)
    let opened = unsafe wick_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard opened >= 0 else { throw FileError(.open, path, code: errno) }
    var status = stat()
    guard unsafe fstat(opened, &status) == 0, status.st_uid == geteuid(),
      status.st_mode & 0o077 == 0
    else {
      close(opened)
      throw FileError(.open, path, code: EPERM)
    }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(opened)
      throw FileError(.lock, path, code: code)
    }
    descriptor = opened
  }

  deinit {
    // A child that was forked a moment ago may still have the descriptor, and with it the lock.
    _ = flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The names of all files, in no order.
  package func names() throws(FileError) -> [String] {
    let opened = Self.open(".", in: descriptor, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw FileError(.list, ".", code: errno) }
    guard let stream = unsafe fdopendir(opened) else {
      let code = errno
      close(opened)
      throw FileError(.list, ".", code: code)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while names.count < Self.nameLimit, let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Bytes of a file.
  package func size(of name: String) throws(FileError) -> UInt64 {
    var status = stat()
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw FileError(.read, name, code: errno)
    }
    return UInt64(max(0, status.st_size))
  }

  /// How a file is opened that is to be appended to.
  package enum Opening: Hashable, Sendable {
    /// It must not be there.
    case new
    /// It must be there.
    case existing
    /// It is emptied if it is there.
    case emptied
  }

  /// Opens a file to append to.
  package func open(_ name: String, _ opening: Opening) throws(FileError) -> JournalFile {
    let flags =
      switch opening {
      case .new: O_CREAT | O_EXCL
      case .existing: CInt(0)
      case .emptied: O_CREAT | O_TRUNC
      }
    let opened = Self.open(
      name, in: descriptor, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags)
    guard opened >= 0 else {
      throw FileError(opening == .existing ? .open : .create, name, code: errno)
    }
    return JournalFile(owning: opened, name: name)
  }

  /// Up to `count` bytes at `offset`: fewer where the file ends.
  package func read(_ name: String, at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
    let opened = Self.open(
      name, in: descriptor, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard opened >= 0 else { throw FileError(.read, name, code: errno) }
    defer { close(opened) }
    guard count > 0, let start = off_t(exactly: offset) else { return [] }
    var code: CInt = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let status = unsafe pread(
          opened, buffer.baseAddress.map { unsafe $0 + filled }, count - filled,
          start &+ off_t(filled))
        if status < 0 && errno == EINTR { continue }
        if status < 0 { code = errno }
        guard status > 0 else { return }
        filled += status
      }
    }
    guard code == 0 else { throw FileError(.read, name, code: code) }
    return bytes
  }

  /// Gives a file another name, and replaces what has it.
  package func rename(_ name: String, to other: String) throws(FileError) {
    guard unsafe renameat(descriptor, name, descriptor, other) == 0 else {
      throw FileError(.rename, name, code: errno)
    }
  }

  package func remove(_ name: String) throws(FileError) {
    guard unsafe unlinkat(descriptor, name, 0) == 0 else {
      throw FileError(.remove, name, code: errno)
    }
  }

  /// Returns once names made and removed before would survive a loss of power.
  package func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(.sync, ".", code: errno) }
  }

  private static func open(_ name: String, in directory: CInt, _ flags: CInt) -> CInt {
    var how = open_how()
    how.flags = UInt64(flags)
    how.mode = flags & O_CREAT != 0 ? 0o600 : 0
    how.resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
    return unsafe wick_openat2(directory, name, &how)
  }
}
