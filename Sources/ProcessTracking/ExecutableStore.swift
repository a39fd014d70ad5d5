import ELF
package import LinuxHost
import PerfEvents
import ProfileModel

/// All executable files that were seen, each known once.
///
/// A mapping names its file by inode, which nobody can forge, or by build-id, which anybody can: a
/// container may ship a file with the build-id of the host's libc and other contents. So a build-id
/// stands for a file that is known only together with the path and the tree of files in which that
/// path led to it; whoever can put a file there decides what its users run anyhow.
package final class ExecutableStore {
  private struct InodeKey: Hashable {
    var device: DeviceNumber
    var inode: UInt64
    var generation: UInt64
    var path: [UInt8]

    /// Without the path: it is long, and seldom differs for one inode.
    func hash(into hasher: inout Hasher) {
      hasher.combine(device)
      hasher.combine(inode)
    }
  }

  private struct BuildKey: Hashable {
    /// Nil for files that could not be opened, where it does not matter.
    var tree: FileTree?
    var buildID: BuildID
    var path: [UInt8]

    func hash(into hasher: inout Hasher) {
      hasher.combine(tree)
      hasher.combine(buildID)
    }
  }

  private let foreign: ForeignFiles
  /// The tree that we see ourselves.
  private let ownTree: FileTree?
  private var byInode = MappedFileCache<InodeKey>()
  private var byBuildID = MappedFileCache<BuildKey>()
  private var executables = ExecutableCache()
  private let generated = MappedFile(
    path: Array("[jit]".utf8), inode: 0, device: .none, contents: .generated)
  private let vdso: MappedFile

  /// How often another process is asked for a file that could not be opened.
  private static let attempts = 8

  package init(roots: HostRoots) {
    foreign = ForeignFiles(roots: roots)
    ownTree = foreign.root(of: nil)?.tree
    vdso = MappedFile(
      path: Array("[vdso]".utf8), inode: 0, device: .none, contents: .generated)
    if let bytes = Vdso.image(roots: roots), let image = try? ELFImage(bytes: bytes) {
      vdso.contents = .executable(ExecutableFile(path: vdso.path, image: image))
    }
  }

  /// Gives back the memory of what walks have read of the files; not to be called during one.
  package func forgetContents() { executables.forgetContents() }

  /// The file that a process has mapped.
  ///
  /// With `holdOpen` it is opened now, because the process may be gone when it is needed.
  func file(for memory: MappedMemory, in image: ProcessImage, holdOpen: Bool) -> MappedFile {
    if memory.path.elementsEqual("[vdso]".utf8) { return vdso }
    guard memory.path.first == UInt8(ascii: "/") else { return generated }
    if let buildID = memory.buildID { return file(buildID, memory, in: image) }
    guard memory.inode != 0 else { return generated }
    let key = InodeKey(
      device: memory.device, inode: memory.inode, generation: memory.inodeGeneration,
      path: memory.path)
    if let known = byInode[key] { return known }
    let file = MappedFile(
      path: memory.path, inode: memory.inode, device: memory.device, contents: .unopened)
    guard byInode.insert(file, for: key) else {
      giveUp(file, pid: image.pid)
      return file
    }
    if holdOpen { file.file = open(file, range: memory.start..<memory.end, pid: image.pid) }
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
    if let executable = executables.file(opened, path: file.path) {
      file.contents = .executable(executable)
    } else if file.isMemory {
      file.contents = .generated
    } else {
      giveUp(file, pid: pid)
    }
    return file.contents
  }

  private func giveUp(_ file: MappedFile, pid: UInt32) {
    file.contents = .unreadable(pid: pid)
    file.failures = Self.attempts
  }
}

// Files that are named by inode.
extension ExecutableStore {
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
    DeviceNumber(opened.identity) == file.device || file.device.major == 0
  }
}

// Files that are named by build-id.
extension ExecutableStore {
  /// A file that is known already is not opened again; a new one is opened and checked at once.
  private func file(_ buildID: BuildID, _ memory: MappedMemory, in image: ProcessImage)
    -> MappedFile
  {
    let root = image.asksForTree ? foreign.root(of: image.pid) : nil
    image.asksForTree = false
    // A process that is gone has, as far as we know, the tree of its parent.
    if let root { image.tree = root.tree }
    if let known = known(buildID, memory.path, in: image.tree) { return known }
    if let found = inTree(root ?? foreign.root(of: image.pid), buildID, memory.path) {
      return found
    }
    let range = memory.start..<memory.end
    if let opened = foreign.open(mappedAt: range, pid: image.pid),
      let executable = executables.file(opened, path: memory.path),
      executable.image.buildID == buildID
    {
      return MappedFile(opened, executable, path: memory.path, buildID: buildID)
    }
    return known(buildID, memory.path, in: ownTree) { $0.belongsToRoot }
      ?? unreadable(buildID, memory, pid: image.pid)
  }

  private func known(
    _ buildID: BuildID, _ path: [UInt8], in tree: FileTree?,
    where isWanted: (MappedFile) -> Bool = { _ in true }
  ) -> MappedFile? {
    guard let tree, let file = byBuildID[BuildKey(tree: tree, buildID: buildID, path: path)],
      isWanted(file)
    else { return nil }
    return file
  }

  /// Opens a path in a tree; what it leads to there is remembered.
  ///
  /// The root is held open meanwhile, so a process that changes its own cannot make one tree's
  /// file pass for another's.
  private func inTree(_ root: ForeignRoot?, _ buildID: BuildID, _ path: [UInt8]) -> MappedFile? {
    guard let root, let opened = root.open(path: path),
      let executable = executables.file(opened, path: path), executable.image.buildID == buildID
    else { return nil }
    let file = MappedFile(opened, executable, path: path, buildID: buildID)
    if let tree = root.tree {
      byBuildID.insert(file, for: BuildKey(tree: tree, buildID: buildID, path: path))
    }
    return file
  }

  /// A file that cannot be opened for the process that mapped it, and never will be.
  private func unreadable(_ buildID: BuildID, _ memory: MappedMemory, pid: UInt32) -> MappedFile {
    let key = BuildKey(tree: nil, buildID: buildID, path: memory.path)
    if let known = byBuildID[key] { return known }
    let file = MappedFile(
      path: memory.path, inode: memory.inode, device: memory.device, buildID: buildID,
      contents: .unopened)
    giveUp(file, pid: pid)
    byBuildID.insert(file, for: key)
    return file
  }
}
