/// A mounted hierarchy of cgroups: the one of version 2, or one of version 1 with its controllers.
package struct ControlGroupHierarchy: Hashable, Sendable {
  /// The directory of its root group.
  package let folder: String
  package let isUnified: Bool
  /// Of version 1, by the kernel's names: `cpu`, `cpuacct`, `memory`, `blkio`, `pids`.
  package let controllers: [String]

  /// All that this process sees, each controller once.
  ///
  /// - Source: proc_pid_mountinfo(5). Mount points below `/sys` are those of `roots.sys`.
  package static func mounted(_ roots: HostRoots) -> [ControlGroupHierarchy] {
    var taken: Set<String> = []
    return ControlGroup.mounts(SystemFile.text("\(roots.proc)/self/mountinfo") ?? "").compactMap {
      mount in
      // The same hierarchy can be mounted twice, in containers for instance.
      let names = mount.isUnified ? ["unified"] : mount.controllers
      let fresh = names.filter { taken.insert($0).inserted }
      guard !fresh.isEmpty else { return nil }
      let isOfSys = mount.point.hasPrefix("/sys/")
      let folder = isOfSys ? roots.sys + mount.point.dropFirst(4) : roots.files + mount.point
      return ControlGroupHierarchy(
        folder: folder, isUnified: mount.isUnified, controllers: mount.isUnified ? [] : fresh)
    }
  }
}
