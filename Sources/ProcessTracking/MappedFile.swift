import LinuxHost
import PerfEvents
import ProfileModel

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
  /// 0 where only the build-id is known.
  let inode: UInt64
  let device: DeviceNumber
  /// The build-id by which the mapping named the file; nil if it named an inode.
  let buildID: BuildID?
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

  /// The user with the number 0 owns the file.
  private(set) var belongsToRoot = false
  /// When the cache was last asked for it, in lookups.
  var lastLookup: UInt64 = 0

  var isUnreadable: Bool {
    if case .unreadable = contents { true } else { false }
  }

  /// Whether the other is the same file, named in another way: by build-id, inode, or both.
  func isKnownAs(_ other: MappedFile) -> Bool {
    guard case .executable(let file) = contents, case .executable(let otherFile) = other.contents
    else { return false }
    return file === otherFile
  }

  init(
    path: [UInt8], inode: UInt64, device: DeviceNumber, buildID: BuildID? = nil, contents: Contents
  ) {
    self.path = path
    self.inode = inode
    self.device = device
    self.buildID = buildID
    self.contents = contents
  }

  /// A file whose build-id is what the mapping said.
  convenience init(
    _ opened: OpenFile, _ executable: ExecutableFile, path: [UInt8], buildID: BuildID
  ) {
    self.init(
      path: path, inode: opened.identity.inode, device: DeviceNumber(opened.identity),
      buildID: buildID, contents: .executable(executable))
    belongsToRoot = opened.owner == 0
  }
}

extension DeviceNumber {
  /// - Source: glibc, `gnu_dev_major` and `gnu_dev_minor`.
  init(_ identity: FileIdentity) {
    let device = identity.device
    self.init(
      major: UInt32((device >> 8) & 0xfff) | UInt32(truncatingIfNeeded: (device >> 32) & ~0xfff),
      minor: UInt32(device & 0xff) | UInt32(truncatingIfNeeded: (device >> 12) & 0xfff_ff00))
  }
}
