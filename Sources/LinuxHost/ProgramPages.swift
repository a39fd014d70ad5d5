import Glibc

/// The pages of our own program.
package enum ProgramPages {
  /// Gives back pages of code, which are read again from the page cache when they are needed.
  ///
  /// A start goes through much code that a daemon never runs again; the kernel would count it as ours
  /// until it is short of memory.
  package static func release(roots: HostRoots = HostRoots()) {
    guard let program = OpenFile(trusted: "\(roots.proc)/self/exe") else { return }
    let maps = SystemFile.read("\(roots.proc)/self/maps", limit: Limits.mapsBytes) ?? []
    for range in MemoryMaps.executable(in: maps) where range.inode == program.identity.inode {
      let start = unsafe UnsafeMutableRawPointer(bitPattern: UInt(range.start))
      guard let start = unsafe start else { continue }
      _ = unsafe madvise(start, Int(range.end - range.start), MADV_DONTNEED)
    }
  }
}
