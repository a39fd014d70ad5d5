import Glibc

/// A file of a `JournalDirectory` that is being appended to, closed with its last owner.
package final class JournalFile: Sendable {
  private let descriptor: CInt
  private let name: String

  init(owning descriptor: CInt, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  deinit { close(descriptor) }

  /// Appends bytes, as many as the system takes at once.
  ///
  /// - Parameters:
  ///   - bytes: some of them.
  ///   - start: the position of the first one to append.
  /// - Returns: how many were appended, at least one.
  /// - Throws: what the system says.
  package func write(_ bytes: [UInt8], from start: Int) throws(FileError) -> Int {
    let status = unsafe bytes.withUnsafeBytes { buffer in
      var status = 0
      repeat {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer.dropFirst(start))
        status = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      } while status < 0 && errno == EINTR
      return status
    }
    guard status > 0 else { throw FileError(.write, name, code: status < 0 ? errno : EIO) }
    return status
  }

  /// Cuts the file after `count` bytes.
  package func truncate(to count: UInt64) throws(FileError) {
    guard ftruncate(descriptor, off_t(clamping: count)) == 0 else {
      throw FileError(.truncate, name, code: errno)
    }
  }

  /// Returns once everything appended before would survive a loss of power.
  package func sync() throws(FileError) {
    guard fdatasync(descriptor) == 0 else { throw FileError(.sync, name, code: errno) }
  }
}
