import Glibc

/// Why an operation on a file of ours failed.
package struct FileError: Error, Hashable, Sendable {
  package enum Operation: String, Hashable, Sendable {
    case open, lock, list, create, read, write, truncate, sync, rename, remove
  }

  package let operation: Operation
  /// The path or name of the file.
  package let subject: String
  /// The positive `errno` value.
  package let code: CInt

  package init(_ operation: Operation, _ subject: String, code: CInt) {
    self.operation = operation
    self.subject = subject
    self.code = code
  }

  /// There is no such file.
  package var isMissing: Bool { code == ENOENT || code == ESTALE }

  /// Another process has the directory.
  package var isHeldByAnother: Bool { operation == .lock && code == EWOULDBLOCK }

  /// The disk cannot give the bytes back, as opposed to us having no descriptor or no memory left.
  package var isMediumError: Bool { code == EIO || code == EUCLEAN || code == EBADMSG }
}

extension FileError: CustomStringConvertible {
  package var description: String {
    let reason = unsafe String(cString: strerror(code))
    return "cannot \(operation.rawValue) \(subject): \(reason)\(hint.map { " (\($0))" } ?? "")"
  }

  private var hint: String? {
    switch code {
    case EWOULDBLOCK where operation == .lock:
      "another wick uses it: stop that one, or name another directory"
    case EBADF where operation == .lock: "it must lie on a local file system"
    case ENOSPC, EDQUOT: "free some space"
    case EROFS: "mount the file system writable, or name another directory"
    case EACCES, EPERM: "give wick a directory of its own with mode 700"
    case EIO, EUCLEAN, EBADMSG: "look for errors of the disk in the kernel's log"
    default: nil
    }
  }
}
