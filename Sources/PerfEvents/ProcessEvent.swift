package import ProfileModel

/// A change in a process that the kernel reports as it happens.
package struct ProcessEvent: Sendable {
  package enum Kind: Sendable {
    /// Executable memory was mapped.
    case map(MappedMemory)
    /// The process replaced its program: all its mappings are gone.
    case exec
    /// A process was created with a copy of the parent's mappings.
    case fork(parent: UInt32)
    /// A thread ended; the process, too, if it was the last.
    case exit(tid: UInt32)
    /// Events were lost: what is known of every process may be out of date.
    case lost(count: UInt64)
  }

  /// Nanoseconds of `CLOCK_MONOTONIC`.
  package let time: UInt64
  package let pid: UInt32
  package let kind: Kind
}

/// A range of executable memory, as `PERF_RECORD_MMAP2` and `/proc/PID/maps` describe it.
package struct MappedMemory: Hashable, Sendable {
  package var start: UInt64
  package var end: UInt64
  /// Offset in the file that `start` shows, in bytes.
  package var fileOffset: UInt64
  package var device: DeviceNumber
  /// 0 for memory without a file, and where only the build-id is known.
  package var inode: UInt64
  /// Tells files apart that had the same inode one after the other; 0 where it is not known.
  package var inodeGeneration: UInt64
  /// Which build of a program the file claims to be; nil where that is not known.
  package var buildID: BuildID?
  /// Path in the process' own mount namespace, or a name such as `[vdso]`; bytes of any kind.
  package var path: [UInt8]

  package init(
    start: UInt64, end: UInt64, fileOffset: UInt64, device: DeviceNumber, inode: UInt64,
    inodeGeneration: UInt64, buildID: BuildID? = nil, path: [UInt8]
  ) {
    self.start = start
    self.end = end
    self.fileOffset = fileOffset
    self.device = device
    self.inode = inode
    self.inodeGeneration = inodeGeneration
    self.buildID = buildID
    self.path = path
  }
}

package struct DeviceNumber: Hashable, Sendable {
  package var major: UInt32
  package var minor: UInt32

  package init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  package static let none = DeviceNumber(major: 0, minor: 0)
}
