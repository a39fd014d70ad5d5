import CLinux
import Glibc

/// Opens files of profiled processes, which may try to mislead or to block whoever opens them.
///
/// A path is resolved inside the root of its process and never leaves it; links of `/proc` are not
/// followed; nothing but a regular file is opened, because a FIFO or a device could block; and the
/// file must be the one that was mapped.
package struct ForeignFiles: Sendable {
  private let roots: HostRoots

  package init(roots: HostRoots) { self.roots = roots }

  /// The file behind a mapping of a live process, even if it was deleted or replaced.
  ///
  /// The kernel's link names the very inode that is mapped. It needs CAP_CHECKPOINT_RESTORE.
  package func open(mappedAt range: Range<UInt64>, pid: UInt32) -> OpenFile? {
    let address = String(range.lowerBound, radix: 16) + "-" + String(range.upperBound, radix: 16)
    let path = "\(roots.proc)/\(pid)/map_files/\(address)"
    let handle = unsafe wick_open(path, O_PATH | O_CLOEXEC, 0)
    return reopen(handle)
  }

  /// The file that a process runs, even if it was deleted or replaced.
  package func executable(of pid: UInt32) -> OpenFile? {
    reopen(unsafe wick_open("\(roots.proc)/\(pid)/exe", O_PATH | O_CLOEXEC, 0))
  }

  /// A path as the process `pid` sees it; as we see it if `pid` is nil.
  package func open(path: [UInt8], pid: UInt32?) -> OpenFile? { root(of: pid)?.open(path: path) }

  /// The root of a process, or ours if `pid` is nil; nil if the process is gone.
  package func root(of pid: UInt32?) -> ForeignRoot? {
    ForeignRoot(path: pid.map { "\(roots.proc)/\($0)/root" } ?? "/", roots: roots)
  }

  /// Opens what a handle stands for, now that it is known to be a regular file.
  private func reopen(_ handle: CInt) -> OpenFile? { Self.reopen(handle, roots: roots) }

  static func reopen(_ handle: CInt, roots: HostRoots) -> OpenFile? {
    guard handle >= 0 else { return nil }
    defer { close(handle) }
    var status = stat()
    guard unsafe fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = unsafe wick_open(
      "\(roots.proc)/self/fd/\(handle)", O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    return OpenFile(owning: descriptor)
  }
}
