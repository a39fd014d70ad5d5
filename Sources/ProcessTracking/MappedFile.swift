import LinuxHost
import PerfEvents

/// Whatever executable memory shows: a file that may not be opened yet, or generated code.
package final class MappedFile {
  package enum Contents {
    /// Not looked at yet.
    case unopened
    case executable(ExecutableFile)
    /// Memory without a file, or a file that is no executable: code that a runtime generated.
    case generated
    /// Could not be opened for the process with this number.
    case unreadable(pid: UInt32)
  }

  package let path: [UInt8]
  let inode: UInt64
  let device: DeviceNumber
  package internal(set) var contents: Contents
  /// The open file, held from the first mapping on, for the file may be gone when it is needed.
  var file: OpenFile?
  /// Processes for which opening it failed.
  var failures = 0

  /// Memory that has a name: a JIT that maps its code twice uses such a file.
  var isMemory: Bool {
    ["/memfd:", "/dev/zero", "/dev/shm/", "/SYSV", "/anon_hugepage"].contains {
      path.starts(with: $0.utf8)
    }
  }

  init(path: [UInt8], inode: UInt64, device: DeviceNumber, contents: Contents) {
    self.path = path
    self.inode = inode
    self.device = device
    self.contents = contents
  }
}
