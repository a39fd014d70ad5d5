import CLinux
import Glibc

/// A file that tells us what to do: only root or we ourselves may have written it.
package enum TrustedFile {
  package enum Cause: Hashable, Sendable {
    /// The positive `errno` value of opening or reading it.
    case system(CInt)
    case notRegular
    /// The user who owns it, who is neither root nor we.
    case foreignOwner(UInt32)
    /// Its permissions, by which its group or everybody may write it.
    case writableByOthers(UInt32)
    /// Bytes that it may have.
    case tooLarge(Int)
    case notOneLine
  }

  package struct Failure: Error, Hashable {
    package let path: String
    package let cause: Cause
  }

  /// The whole file, symbolic links followed.
  package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    let descriptor = unsafe wick_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0)
    guard descriptor >= 0 else { throw Failure(path: path, cause: .system(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw Failure(path: path, cause: .system(errno))
    }
    if let cause = distrust(status) { throw Failure(path: path, cause: cause) }
    // One more, to see whether there is more.
    let bytes = SystemFile.readAll(descriptor, limit: limit + 1)
    guard bytes.count <= limit else { throw Failure(path: path, cause: .tooLarge(limit)) }
    return bytes
  }

  private static func distrust(_ status: stat) -> Cause? {
    guard status.st_mode & S_IFMT == S_IFREG else { return .notRegular }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      return .foreignOwner(status.st_uid)
    }
    guard status.st_mode & 0o022 == 0 else { return .writableByOthers(status.st_mode & 0o7777) }
    return nil
  }
}

extension TrustedFile.Failure: CustomStringConvertible {
  /// What is wrong, and behind it in brackets what helps.
  package var description: String { "\(reason) (\(remedy))" }

  /// Whether there is no such file.
  package var isMissing: Bool { cause == .system(ENOENT) }

  package var reason: String {
    switch cause {
    case .system(let code): "cannot read \(path): \(unsafe String(cString: strerror(code)))"
    case .notRegular: "\(path) is not a regular file"
    case .foreignOwner(let user): "\(path) belongs to user \(user), who is neither root nor we"
    case .writableByOthers(let mode): "others may write \(path): its mode is \(Self.octal(mode))"
    case .tooLarge(let limit): "\(path) has more than \(limit) bytes"
    case .notOneLine: "\(path) is not one line of text"
    }
  }

  package var remedy: String {
    switch cause {
    case .system(EACCES), .system(EPERM): "chgrp wick \(path) && chmod 640 \(path)"
    case .system: "check the path"
    case .notRegular: "name a file"
    case .foreignOwner: "chown root \(path)"
    case .writableByOthers: "chmod go-w \(path)"
    case .tooLarge: "name another file"
    case .notOneLine: "put the secret alone into its first line"
    }
  }

  private static func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}
