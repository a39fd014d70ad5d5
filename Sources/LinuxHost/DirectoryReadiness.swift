import CLinux
import Glibc

/// Whether a directory can be used, or made, without trying.
package enum DirectoryReadiness {
  package enum Obstacle: Hashable, Sendable {
    case notDirectory
    /// The user who owns it, who is not we.
    case foreignOwner(UInt32)
    /// Its permissions, by which others may use it.
    case openToOthers(UInt32)
    /// It exists and cannot be written, for this positive `errno`.
    case notWritable(CInt)
    /// It does not exist, and cannot be made in this directory.
    case cannotBeMade(in: String)
  }

  /// What keeps us from using a directory as `PrivateDirectory` does.
  ///
  /// Root looks on behalf of the user who owns the directory: a check must not need that user's
  /// rights.
  package static func obstacle(toPrivate path: String) -> Obstacle? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return missing(path) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return .notDirectory }
    guard status.st_uid == geteuid() || geteuid() == 0 else { return .foreignOwner(status.st_uid) }
    guard status.st_mode & 0o077 == 0 else { return .openToOthers(status.st_mode & 0o7777) }
    return unwritable(path).map { .notWritable($0) }
  }

  /// What keeps us from putting a file into a directory that others may use too.
  package static func obstacle(toShared path: String) -> Obstacle? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return missing(path) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return .notDirectory }
    return unwritable(path).map { .notWritable($0) }
  }

  /// A missing directory is made with the one it lies in, if that is missing too.
  private static func missing(_ path: String) -> Obstacle? {
    guard errno == ENOENT else { return .notWritable(errno) }
    let parent = FileAccess.folder(of: path)
    let folder = exists(parent) ? parent : FileAccess.folder(of: parent)
    return unwritable(folder) == nil ? nil : .cannotBeMade(in: folder)
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0
  }

  private static func unwritable(_ path: String) -> CInt? {
    unsafe faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 ? nil : errno
  }
}

extension DirectoryReadiness.Obstacle {
  /// As in "/srv/x is not a directory".
  package var reason: String {
    switch self {
    case .notDirectory: "is not a directory"
    case .foreignOwner(let user): "belongs to user \(user), not to us"
    case .openToOthers(let mode): "can be used by others: its mode is 0\(String(mode, radix: 8))"
    case .notWritable(let code): "cannot be written: \(unsafe String(cString: strerror(code)))"
    case .cannotBeMade(let folder): "does not exist, and cannot be made in \(folder)"
    }
  }

  package func remedy(_ path: String) -> String {
    switch self {
    case .notDirectory: "name another"
    case .foreignOwner: "chown wick \(path), or run this as that user"
    case .openToOthers: "chmod 700 \(path)"
    case .notWritable(EROFS): "name one on a file system that can be written"
    case .notWritable, .cannotBeMade: "install -d -o wick -m 700 \(path)"
    }
  }
}
