import LinuxHost

/// Versions of the packages that own running programs, each looked for in its process' own tree.
struct PackageVersions {
  private struct Key: Hashable {
    let tree: FileTree?
    let status: FileIdentity
  }

  private struct Known {
    let key: Key
    let index: PackageIndex
  }

  private let files: ForeignFiles
  /// The trees that were asked for last, the last one last.
  private var known: [Known] = []

  /// Trees whose indices are kept: the host's, and those of containers that are busy.
  private static let treeLimit = 4

  init(roots: HostRoots) { files = ForeignFiles(roots: roots) }

  /// The version of the package that a file belongs to, by the state that the tree has now.
  ///
  /// - Parameters:
  ///   - path: as the process sees it.
  ///   - pid: the process.
  /// - Returns: nil if no package owns it, or the tree has no packages.
  mutating func version(of path: String, pid: UInt32) -> String? {
    guard let root = files.root(of: pid),
      let status = root.open(path: Array(PackageIndex.statusPath.utf8))
    else { return nil }
    let key = Key(tree: root.tree, status: status.identity)
    if let place = known.firstIndex(where: { $0.key == key }) {
      known.append(known.remove(at: place))
    } else {
      // After an upgrade the tree has another status.
      known.removeAll { $0.key.tree == key.tree && key.tree != nil }
      if known.count >= Self.treeLimit { known.removeFirst() }
      known.append(Known(key: key, index: PackageIndex(status: status, root: root)))
    }
    return known.last?.index.version(of: path)
  }
}
