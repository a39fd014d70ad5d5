import CLinux
import Glibc

/// The root directory of a process, held while paths are resolved in it.
package final class ForeignRoot {
  private let directory: CInt
  private let roots: HostRoots

  init?(path: String, roots: HostRoots) {
    let directory = unsafe wick_open(path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
    guard directory >= 0 else { return nil }
    self.directory = directory
    self.roots = roots
  }

  deinit { close(directory) }

  /// The regular file that a path leads to, which never leaves this root.
  package func open(path: [UInt8]) -> OpenFile? {
    guard path.first == UInt8(ascii: "/"), !path.contains(0) else { return nil }
    var how = open_how()
    how.flags = UInt64(O_PATH | O_CLOEXEC)
    how.resolve = UInt64(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    let terminated = path.map { CChar(bitPattern: $0) } + [0]
    return ForeignFiles.reopen(
      unsafe wick_openat2(directory, terminated, &how), roots: roots)
  }

  /// Which tree of files this is the root of, or nil if that cannot be told for long.
  ///
  /// Before Linux 6.8 the number of a mount is used again when it is unmounted. Our own root stays
  /// mounted, so other trees alone are not known there.
  package var tree: FileTree? {
    if let tree = FileTree(directory, mask: WICK_MOUNT_ID_UNIQUE) { return tree }
    guard let tree = FileTree(directory, mask: WICK_MOUNT_ID) else { return nil }
    let own = unsafe wick_open("/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
    guard own >= 0 else { return nil }
    defer { close(own) }
    return tree == FileTree(own, mask: WICK_MOUNT_ID) ? tree : nil
  }
}

/// What a path is resolved in: two processes with the same tree find the same files.
///
/// - Source: statx(2), `STATX_MNT_ID_UNIQUE`. A new mount namespace copies all mounts and gives
///   them new numbers.
package struct FileTree: Hashable, Sendable {
  private let mount: UInt64
  private let inode: UInt64

  fileprivate init?(_ directory: CInt, mask: CInt) {
    let mount = wick_mount_id(directory, UInt32(mask))
    var status = stat()
    guard mount != 0, unsafe fstat(directory, &status) == 0 else { return nil }
    self.mount = mount
    inode = UInt64(status.st_ino)
  }
}
