import LinuxHost
import MetricModel
import ResourceModel

/// What each cgroup uses: CPU time, throttling, memory, I/O, threads and pressure.
///
/// The hierarchies of version 1 and the one of version 2 beside them are read as one: a group has the
/// same path in all of them. The names are those of cAdvisor, with the group's path as `id`, so that
/// dashboards made for it show these groups too. Decisions/0001 says why.
struct ControlGroupCollector: Collector {
  static let name = "cgroups"

  /// Groups that are read; those nearer to the root come first.
  let groupLimit: Int
  /// Levels below the root.
  private static let depthLimit = 16
  /// Bytes of a path that are shown.
  private static let pathBytes = 512

  init(groupLimit: Int = 500) { self.groupLimit = groupLimit }

  func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
    let hierarchies = ControlGroupHierarchy.mounted(
      HostRoots(proc: host.proc, sys: host.sys, files: host.root))
    guard !hierarchies.isEmpty else { return false }
    let (paths, isCut) = groups(of: hierarchies)
    var devices = BlockDeviceNames(sys: host.sys)
    var shown: Set<String> = []
    for path in paths {
      var figures = ControlGroupFigures()
      // Version 1 first: where it has a controller, version 2 has no figures of it.
      for hierarchy in hierarchies {
        for controller in hierarchy.controllers {
          figures.add(controller, in: hierarchy.folder + path, of: host)
        }
      }
      for hierarchy in hierarchies where hierarchy.isUnified {
        figures.add(unified: hierarchy.folder + path, of: host)
      }
      let id = path.isEmpty ? "/" : SafeText(path.utf8, limit: Self.pathBytes).text
      guard !figures.isEmpty, shown.insert(id).inserted else { continue }
      batch.add(figures, id: id, &devices)
    }
    batch.add("wick_cgroups", .gauge, "Control groups that were read.", Double(shown.count))
    batch.add(
      "wick_cgroups_limited", .gauge, "Whether there are more groups than are read.", isCut ? 1 : 0)
    return true
  }

  /// Paths below the root, which is empty; and whether there are more.
  private func groups(of hierarchies: [ControlGroupHierarchy]) -> ([String], Bool) {
    var paths = [""]
    var level = [""]
    for _ in 0..<Self.depthLimit {
      var next: Set<String> = []
      for path in level {
        for hierarchy in hierarchies {
          for name in SystemFile.folders(in: hierarchy.folder + path) {
            next.insert("\(path)/\(name)")
          }
        }
        // Directories are cheap to list, but there could be any number of them.
        if next.count > 8 * groupLimit { break }
      }
      level = next.sorted()
      let room = groupLimit - paths.count
      guard level.count <= room else { return (paths + level.prefix(max(0, room)), true) }
      paths += level
      if level.isEmpty { break }
    }
    return (paths, false)
  }
}
