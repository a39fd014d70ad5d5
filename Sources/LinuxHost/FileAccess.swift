import CLinux
import Glibc

/// Questions about paths that the operator names.
package enum FileAccess {
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The directory that a path lies in.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Why a file cannot be created or replaced there; nil if it can.
  package static func reasonNotWritable(_ path: String, folder: String) -> String? {
    // A device or pipe is written to as it is; a regular file is replaced in its folder.
    if unsafe access(path, F_OK) == 0 && !isRegular(path) {
      return unsafe access(path, W_OK) == 0 ? nil : String(cString: strerror(errno))
    }
    // Only trying tells: root may write everywhere, but not on a read-only file system.
    var template = Array("\(folder)/.wick-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { return unsafe String(cString: strerror(errno)) }
    close(descriptor)
    _ = unsafe unlink(template)
    return nil
  }

  private static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
