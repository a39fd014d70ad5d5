import CLinux
import Glibc

/// The memory of another process, read without stopping it and without waiting for it.
///
/// A page that is not there would have to be fetched, and who fetches it may be the process itself
/// (userfaultfd(2), a file system of its own): it could keep us waiting for ever. So only pages that
/// are in memory, or were swapped out, are read. The process may take one away between our look and
/// our read; for that to block us it needs rights that containers do not have.
///
/// - Source: proc(5), `/proc/PID/mem`; kernel, Documentation/admin-guide/mm/pagemap.rst.
package struct ProcessMemory: Sendable {
  private let memory: OpenFile
  private let pages: OpenFile

  /// Bytes that one call reads at most.
  package static let readLimit = 256 << 10
  private static let pageBytes = UInt64(max(4_096, sysconf(CInt(_SC_PAGESIZE))))
  private static let isPresent: UInt8 = 1 << 7
  private static let isSwapped: UInt8 = 1 << 6

  /// Nil if it may not be read: that needs CAP_SYS_PTRACE for processes of other users.
  package init?(of pid: UInt32, roots: HostRoots) {
    guard let memory = OpenFile(trusted: "\(roots.proc)/\(pid)/mem"),
      let pages = OpenFile(trusted: "\(roots.proc)/\(pid)/pagemap")
    else { return nil }
    self.memory = memory
    self.pages = pages
  }

  /// All of `count` bytes at an address; nil if some of them cannot be had.
  package func read(at address: UInt64, count: Int) -> [UInt8]? {
    guard count > 0, count <= Self.readLimit, address > 0, address < 1 << 62,
      isResident(address, count: UInt64(count))
    else { return nil }
    let bytes = memory.read(at: address, count: count)
    return bytes.count == count ? bytes : nil
  }

  /// Whether no page of a range must be fetched from somewhere else than swap space.
  private func isResident(_ address: UInt64, count: UInt64) -> Bool {
    let first = address / Self.pageBytes
    let last = (address + count - 1) / Self.pageBytes
    // An entry has 8 bytes; its two highest bits say where the page is.
    let entries = pages.read(at: first * 8, count: Int(last - first + 1) * 8)
    guard entries.count == Int(last - first + 1) * 8 else { return false }
    return stride(from: 7, to: entries.count, by: 8).allSatisfy {
      entries[$0] & (Self.isPresent | Self.isSwapped) != 0
    }
  }
}

extension Processes {
  /// Nil if that is not allowed.
  package func memory(of pid: UInt32) -> ProcessMemory? { ProcessMemory(of: pid, roots: roots) }

  /// The root directory of a process, as a path of ours: `/`, or where it was put by chroot(2).
  ///
  /// A process in another mount namespace has `/` too, which is another one.
  package func rootPath(of pid: UInt32) -> String? { link(of: pid, "root") }

  /// What one of the links below `/proc/PID` names.
  func link(of pid: UInt32, _ name: String) -> String? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Limits.nameBytes) { buffer, filled in
      let length = unsafe wick_read_link(
        "\(roots.proc)/\(pid)/\(name)", buffer.baseAddress, buffer.count)
      filled = max(0, Int(length))
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
