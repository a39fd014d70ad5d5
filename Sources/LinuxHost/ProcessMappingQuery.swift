import CLinux
import Glibc

/// What the kernel says about one address of a process.
package enum MappingAnswer: Hashable, Sendable {
  /// Executable memory, with the build-id of its file if that has one.
  case mapping(MemoryMapLine, buildID: [UInt8])
  /// No executable memory is there.
  case nothing
  /// This kernel cannot be asked, or this process has no first thread: all its mappings may be read.
  case unknown
}

extension Processes {
  /// Asks for the one executable mapping that covers an address.
  ///
  /// - Source: kernel, Documentation/filesystems/proc.rst, `PROCMAP_QUERY`; since Linux 6.11.
  package func executableMapping(of pid: UInt32, at address: UInt64) -> MappingAnswer {
    let maps = unsafe wick_open("\(roots.proc)/\(pid)/maps", O_RDONLY | O_CLOEXEC, 0)
    guard maps >= 0 else { return .unknown }
    defer { close(maps) }
    var query = wick_procmap_query()
    query.query_flags = UInt64(WICK_PROCMAP_EXECUTABLE)
    query.query_addr = address
    query.vma_name_size = UInt32(Limits.nameBytes)
    query.build_id_size = UInt32(Self.longestBuildID)
    var name = [CChar](repeating: 0, count: Limits.nameBytes)
    var buildID = [UInt8](repeating: 0, count: Self.longestBuildID)
    guard unsafe wick_procmap_query(maps, &query, &name, &buildID) == 0 else {
      return errno == ENOENT ? .nothing : .unknown
    }
    guard query.vma_start <= address, address < query.vma_end else { return .unknown }
    // The size of the name counts its end.
    let nameCount = min(max(1, Int(query.vma_name_size)) - 1, name.count)
    let line = MemoryMapLine(
      start: query.vma_start, end: query.vma_end, isExecutable: true,
      fileOffset: query.vma_offset, deviceMajor: query.dev_major, deviceMinor: query.dev_minor,
      inode: query.inode, path: name[..<nameCount].map { UInt8(bitPattern: $0) }[...])
    return .mapping(line, buildID: Array(buildID.prefix(Int(query.build_id_size))))
  }

  /// Bytes; the kernel knows none that is longer.
  private static let longestBuildID = 20
}
