import CLinux
import Glibc

/// A directory of ours in which nobody else can put or read anything.
///
/// Names in it are plain file names; symbolic links are never followed. Several processes may use
/// it at once: a file appears whole or not at all.
package final class PrivateDirectory: Sendable {
  /// A file in it.
  package struct Entry: Hashable, Sendable {
    package let name: String
    package let bytes: UInt64
    /// Nanoseconds since 1970 of the last change, or of the last `touch`.
    package let modified: Int64
  }

  private let descriptor: CInt

  /// Opens the directory, or makes it and the one that it lies in; nil if that fails, or if others than we may use it.
  package init?(_ path: String) {
    _ = unsafe mkdir(FileAccess.folder(of: path), 0o755)
    _ = unsafe mkdir(path, 0o700)
    let opened = unsafe wick_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard opened >= 0 else { return nil }
    var status = stat()
    guard unsafe fstat(opened, &status) == 0, status.st_uid == geteuid(),
      status.st_mode & 0o077 == 0
    else {
      close(opened)
      return nil
    }
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// The contents of a file, if it is ours and has at most `limit` bytes.
  package func read(_ name: String, limit: Int) -> [UInt8]? {
    let opened = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, mode: 0)
    guard opened >= 0, let file = OpenFile(owning: opened), file.owner == geteuid(),
      file.size <= UInt64(limit)
    else { return nil }
    let bytes = file.read(at: 0, count: Int(file.size))
    return UInt64(bytes.count) == file.size ? bytes : nil
  }

  /// Writes a file under another name and then gives it this one; false if that fails.
  ///
  /// What was there before is replaced, unless `onlyIfMissing`.
  package func write(_ bytes: [UInt8], to name: String, onlyIfMissing: Bool = false) -> Bool {
    let temporary = ".\(name).\(getpid()).\(UInt64.random(in: .min ... .max))"
    let opened = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o600)
    guard opened >= 0 else { return false }
    let isWhole = NamedFile.writeAll(bytes, to: opened) == nil
    guard close(opened) == 0, isWhole else {
      remove(temporary)
      return false
    }
    guard !onlyIfMissing else {
      defer { remove(temporary) }
      return unsafe linkat(descriptor, temporary, descriptor, name, 0) == 0
    }
    guard unsafe renameat(descriptor, temporary, descriptor, name) == 0 else {
      remove(temporary)
      return false
    }
    return true
  }

  /// Whether there is anything of that name.
  package func contains(_ name: String) -> Bool {
    var status = stat()
    return unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
  }

  package func remove(_ name: String) { _ = unsafe unlinkat(descriptor, name, 0) }

  /// Marks a file as used now.
  package func touch(_ name: String) {
    _ = unsafe utimensat(descriptor, name, nil, AT_SYMLINK_NOFOLLOW)
  }

  /// The regular files, in no order; at most `limit`.
  package func entries(limit: Int) -> [Entry] {
    let opened = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
    guard opened >= 0 else { return [] }
    guard let stream = unsafe fdopendir(opened) else {
      close(opened)
      return []
    }
    defer { unsafe closedir(stream) }
    var entries: [Entry] = []
    while entries.count < limit, let next = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &next.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      var status = stat()
      guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else { continue }
      entries.append(
        Entry(
          name: name, bytes: UInt64(max(0, status.st_size)),
          modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000
            &+ Int64(status.st_mtim.tv_nsec)))
    }
    return entries
  }

  private func open(_ name: String, _ flags: CInt, mode: UInt64) -> CInt {
    var how = open_how()
    how.flags = UInt64(flags)
    how.mode = mode
    how.resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
    return unsafe wick_openat2(descriptor, name, &how)
  }
}
