import CLinux
import Glibc

/// A file that the operator names, read from its beginning or written as a whole.
package enum NamedFile {
  /// Why that failed, in the system's words.
  package struct Failure: Error, CustomStringConvertible {
    /// The positive `errno` value.
    package let code: CInt

    package var description: String { unsafe String(cString: strerror(code)) }
  }

  /// Reads a file in order, or standard input for `-`.
  package final class Reader {
    private let descriptor: CInt
    private let isOurs: Bool

    package init(_ path: String) throws(Failure) {
      isOurs = path != "-"
      descriptor = path == "-" ? STDIN_FILENO : unsafe wick_open(path, O_RDONLY | O_CLOEXEC, 0)
      guard descriptor >= 0 else { throw Failure(code: errno) }
    }

    deinit { if isOurs { close(descriptor) } }

    /// Up to `count` bytes: fewer where a pipe has no more at the moment, none at the end.
    package func read(upTo count: Int) throws(Failure) -> [UInt8] {
      var code: CInt = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        repeat {
          let status = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
          code = status < 0 ? errno : 0
          filled = max(0, status)
        } while code == EINTR
      }
      guard code == 0 else { throw Failure(code: code) }
      return bytes
    }
  }

  /// Writes to a file, which appears whole or not at all, or to standard output for `-`.
  ///
  /// A device or a pipe is written to as it is; the permissions of a file that is replaced stay. A
  /// private file can be read by its owner alone, at any time.
  package static func write(_ bytes: [UInt8], to path: String, isPrivate: Bool = false)
    throws(Failure)
  {
    guard path != "-" else { return try write(bytes, to: STDOUT_FILENO) }
    let target = resolved(path)
    var status = stat()
    let exists = unsafe stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG, status.st_mode & S_IFMT != S_IFDIR {
      let descriptor = unsafe wick_open(target, O_WRONLY | O_CLOEXEC, 0)
      guard descriptor >= 0 else { throw Failure(code: errno) }
      defer { close(descriptor) }
      return try write(bytes, to: descriptor)
    }
    let mode: mode_t = isPrivate ? 0o600 : exists ? status.st_mode & 0o777 : 0o666
    try replace(target, with: bytes, mode: mode, keepsMode: exists && !isPrivate)
  }

  private static func replace(_ target: String, with bytes: [UInt8], mode: mode_t, keepsMode: Bool)
    throws(Failure)
  {
    let temporary = "\(target).wick-\(getpid())-\(UInt32.random(in: .min ... .max))"
    let descriptor = unsafe wick_open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw Failure(code: errno) }
    do throws(Failure) {
      defer { close(descriptor) }
      // The mask took bits away that the old file has.
      if keepsMode { fchmod(descriptor, mode) }
      try write(bytes, to: descriptor)
      guard fsync(descriptor) == 0 else { throw Failure(code: errno) }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
    guard unsafe rename(temporary, target) == 0 else {
      let code = errno
      _ = unsafe unlink(temporary)
      throw Failure(code: code)
    }
  }

  private static func write(_ bytes: [UInt8], to descriptor: CInt) throws(Failure) {
    if let code = writeAll(bytes, to: descriptor) { throw Failure(code: code) }
  }

  /// Writes all bytes to an open file.
  ///
  /// - Returns: the `errno` of what went wrong, nil if nothing did.
  static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> CInt? {
    unsafe bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let status = unsafe Glibc.write(
          descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
        if status < 0 && errno == EINTR { continue }
        guard status > 0 else { return errno }
        written += status
      }
      return nil
    }
  }

  /// Where a symbolic link leads: the file there is replaced, not the link.
  private static func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
