import ELF
package import LinuxHost
import PerfEvents

/// All executable files that were seen, each known once.
package final class ExecutableStore {
  private struct Key: Hashable {
    var device: DeviceNumber
    var inode: UInt64
    var generation: UInt64
    var path: [UInt8]
  }

  private let foreign: ForeignFiles
  private var mapped: [Key: MappedFile] = [:]
  private var executables: [FileIdentity: ExecutableFile] = [:]
  private let generated = MappedFile(
    path: Array("[jit]".utf8), inode: 0, device: DeviceNumber(major: 0, minor: 0),
    contents: .generated)
  private let vdso: MappedFile

  /// How often another process is asked for a file that could not be opened.
  private static let attempts = 8

  package init(roots: HostRoots) {
    foreign = ForeignFiles(roots: roots)
    vdso = MappedFile(
      path: Array("[vdso]".utf8), inode: 0, device: DeviceNumber(major: 0, minor: 0),
      contents: .generated)
    if let bytes = Vdso.image(roots: roots), let image = try? ELFImage(bytes: bytes) {
      vdso.contents = .executable(ExecutableFile(path: vdso.path, image: image))
    }
  }

  /// The file that a process has mapped.
  ///
  /// With `holdOpen` it is opened now, because the process may be gone when it is needed.
  func file(for memory: MappedMemory, pid: UInt32, holdOpen: Bool) -> MappedFile {
    if memory.path.elementsEqual("[vdso]".utf8) { return vdso }
    guard memory.inode != 0, memory.path.first == UInt8(ascii: "/") else { return generated }
    let key = Key(
      device: memory.device, inode: memory.inode, generation: memory.inodeGeneration,
      path: memory.path)
    if let known = mapped[key] { return known }
    guard mapped.count < Limits.files else { return unreadable(memory, pid: pid) }
    let file = MappedFile(
      path: memory.path, inode: memory.inode, device: memory.device, contents: .unopened)
    mapped[key] = file
    if holdOpen { file.file = open(file, range: memory.start..<memory.end, pid: pid) }
    return file
  }

  /// What a mapped range of a process shows, opening the file if that has not happened yet.
  func contents(of range: MappedRange, pid: UInt32) -> MappedFile.Contents {
    let file = range.file
    switch file.contents {
    case .executable, .generated: return file.contents
    case .unreadable(let failedFor) where failedFor == pid || file.failures >= Self.attempts:
      return file.contents
    case .unopened, .unreadable: break
    }
    guard let opened = file.file ?? open(file, range: range.start..<range.end, pid: pid) else {
      file.contents = .unreadable(pid: pid)
      file.failures += 1
      return file.contents
    }
    file.file = nil
    if let executable = executable(opened, path: file.path) {
      file.contents = .executable(executable)
    } else {
      file.contents = file.isMemory ? .generated : .unreadable(pid: pid)
      file.failures = Self.attempts
    }
    return file.contents
  }

  private func unreadable(_ memory: MappedMemory, pid: UInt32) -> MappedFile {
    let file = MappedFile(
      path: memory.path, inode: memory.inode, device: memory.device,
      contents: .unreadable(pid: pid))
    file.failures = Self.attempts
    return file
  }

  /// Nil for a file that is no executable image.
  private func executable(_ opened: OpenFile, path: [UInt8]) -> ExecutableFile? {
    if let known = executables[opened.identity] { return known }
    guard let image = try? ELFImage(opened) else { return nil }
    let file = ExecutableFile(path: path, image: image)
    executables[opened.identity] = file
    return file
  }

  /// Tries the mapping itself, then the path as the process sees it, then as we see it; a path
  /// counts only if it leads to the inode that was mapped.
  private func open(_ file: MappedFile, range: Range<UInt64>, pid: UInt32) -> OpenFile? {
    if let opened = foreign.open(mappedAt: range, pid: pid), opened.identity.inode == file.inode {
      return opened
    }
    for owner in [pid, nil] {
      if let opened = foreign.open(path: file.path, pid: owner),
        opened.identity.inode == file.inode, matchesDevice(opened, file)
      {
        return opened
      }
    }
    return nil
  }

  /// Some file systems (btrfs, overlayfs) report another device in a mapping than for the file;
  /// those use anonymous devices, whose major number is 0.
  private func matchesDevice(_ opened: OpenFile, _ file: MappedFile) -> Bool {
    let device = opened.identity.device
    let major = UInt32((device >> 8) & 0xfff) | UInt32(truncatingIfNeeded: (device >> 32) & ~0xfff)
    let minor = UInt32(device & 0xff) | UInt32(truncatingIfNeeded: (device >> 12) & 0xfff_ff00)
    return DeviceNumber(major: major, minor: minor) == file.device || file.device.major == 0
  }
}
