import CLinux
import Glibc

/// A folder of `/sys` of which many files are read.
///
/// Each is found from here: to walk the links and folders above it costs more than to read it.
package struct SystemFolder: ~Copyable {
  private let descriptor: CInt

  package init?(_ path: String) {
    let descriptor = unsafe wick_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The page of a file in it; nil if it cannot be read.
  package func page(_ name: String) -> String? {
    SystemFile.page(unsafe wick_openat(descriptor, name, O_RDONLY | O_CLOEXEC))
  }
}
