import CLinux
import Glibc

/// A cgroup whose members are to be profiled, in either version of the hierarchy.
package struct ControlGroup: Hashable, Sendable {
  package let path: String
  /// The kernel's number for it: the inode of its directory.
  package let id: UInt64
  /// The controller of a version 1 hierarchy, by the kernel's name; nil in version 2.
  package let controller: String?

  package enum Failure: Error, Hashable, CustomStringConvertible {
    case notFound(String)
    case notACgroup(String)
    case noController(String)

    package var description: String {
      switch self {
      case .notFound(let path):
        "no cgroup \(path): name its directory, or its path below a hierarchy of /sys/fs/cgroup"
      case .notACgroup(let path):
        "\(path) is not a cgroup: name a directory below /sys/fs/cgroup"
      case .noController(let path):
        "\(path) is in a version 1 hierarchy without a controller: "
          + "name the same group below another hierarchy, such as cpu"
      }
    }
  }

  /// Finds a cgroup by its directory, or by its path below any hierarchy (`system.slice/x.service`).
  package init(_ name: String, roots: HostRoots) throws(Failure) {
    let mounts = Self.mounts(SystemFile.text("\(roots.proc)/self/mountinfo") ?? "")
    let candidates = name.hasPrefix("/") ? [name] : []
    let places = candidates + mounts.map { "\($0.point)/\(name)" }
    // Distributions link `cpu` to `cpu,cpuacct`: only the real path is below a mount point.
    guard let found = places.first(where: { Self.inode($0) != nil }), let id = Self.inode(found)
    else { throw .notFound(name) }
    let path = Self.realPath(found)
    let holder = mounts.filter { path == $0.point || path.hasPrefix($0.point + "/") }
      .max { $0.point.utf8.count < $1.point.utf8.count }
    guard let holder else { throw .notACgroup(path) }
    self.path = path
    self.id = id
    if holder.isUnified {
      controller = nil
    } else {
      guard let first = holder.controllers.first else { throw .noController(path) }
      controller = first == "blkio" ? "io" : first
    }
  }

  struct Mount: Hashable {
    var point: String
    var isUnified: Bool
    var controllers: [String]
  }

  /// - Source: proc_pid_mountinfo(5): after ` - ` come the type, the source and the options, which
  ///   for version 1 include the controllers.
  static func mounts(_ text: String) -> [Mount] {
    let known: Set<Substring> = [
      "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "net_cls", "perf_event",
      "net_prio", "hugetlb", "pids",
    ]
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), fields.count > 4, dash + 3 < fields.count else {
        return nil
      }
      let type = fields[dash + 1]
      guard type == "cgroup" || type == "cgroup2" else { return nil }
      let options = fields[dash + 3].split(separator: ",")
      return Mount(
        point: String(fields[4]), isUnified: type == "cgroup2",
        controllers: options.filter { known.contains($0) }.map(String.init))
    }
  }

  private static func realPath(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func inode(_ path: String) -> UInt64? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    return UInt64(status.st_ino)
  }
}
