import Foundation
@testable import LinuxHost
import Testing

@Suite struct ControlGroupTests {
  /// A tree of hierarchies, and the table of mounts that says where they are.
  private struct Tree {
    let scratch: Scratch

    init(_ mounts: [(folder: String, type: String, options: String)]) throws {
      scratch = try Scratch()
      var text =
        "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw\nnonsense\n30 1 0:1 / /x rw -\n"
      for (index, mount) in mounts.enumerated() {
        let folder = try scratch.directory(mount.folder)
        text +=
          "\(31 + index) 23 0:\(29 + index) / \(folder) rw,relatime shared:9 - "
          + "\(mount.type) \(mount.type) \(mount.options)\n"
      }
      try scratch.write(text, to: "self/mountinfo")
    }

    func group(_ name: String) -> Result<ControlGroup, ControlGroup.Failure> {
      Result { () throws(ControlGroup.Failure) in try ControlGroup(name, roots: scratch.roots) }
    }
  }

  private func inode(_ path: String) throws -> UInt64 {
    let number = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber]
    return try #require(number as? UInt64)
  }

  @Test func theUnifiedHierarchyHasNoController() throws {
    let tree = try Tree([("cg", "cgroup2", "rw,nsdelegate")])
    let path = try tree.scratch.directory("cg/system.slice/a.service")
    for name in ["system.slice/a.service", "/system.slice/a.service", path, path + "/"] {
      let group = try tree.group(name).get()
      #expect(group.path == path)
      #expect(group.id == (try inode(path)))
      #expect(group.controller == nil)
    }
  }

  @Test func aVersionOneHierarchyHasItsController() throws {
    let tree = try Tree([
      ("cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"), ("cg/blkio", "cgroup", "rw,blkio"),
      ("cg/systemd", "cgroup", "rw,xattr,name=systemd"), ("cg/unified", "cgroup2", "rw"),
    ])
    for name in ["cpu,cpuacct/a", "blkio/b", "systemd/c", "unified/d"] {
      try tree.scratch.directory("cg/\(name)")
    }
    #expect(try tree.group("a").get().controller == "cpu")
    #expect(try tree.group("b").get().controller == "io")
    #expect(try tree.group("d").get().controller == nil)
    let named = tree.scratch.path + "/cg/systemd/c"
    #expect(tree.group("c") == .failure(.noController(named)))
  }

  @Test func aLinkToAHierarchyIsFollowed() throws {
    let tree = try Tree([("cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")])
    try tree.scratch.directory("cg/cpu,cpuacct/a")
    let link = tree.scratch.path + "/cg/cpu"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "cpu,cpuacct")
    let group = try tree.group(link + "/a").get()
    #expect(group.path == tree.scratch.path + "/cg/cpu,cpuacct/a")
    #expect(group.controller == "cpu")
  }

  @Test func whatIsNoCgroupIsRefusedByName() throws {
    let tree = try Tree([("cg", "cgroup2", "rw")])
    let other = try tree.scratch.directory("cgroups/x")
    #expect(tree.group(other) == .failure(.notACgroup(other)))
    let escape = tree.scratch.path + "/cg/../cgroups/x"
    #expect(tree.group(escape) == .failure(.notACgroup(other)))
    #expect(tree.group("absent") == .failure(.notFound("absent")))
    let file = try tree.scratch.write("1", to: "cg/cgroup.procs")
    #expect(tree.group(file) == .failure(.notFound(file)))
    #expect(try Tree([]).group("x") == .failure(.notFound("x")))
  }

  @Test func everyTruncationOfTheTableIsSurvived() {
    let text = "40 31 0:37 / /sys/fs/cgroup/cpu rw,relatime shared:4 - cgroup cgroup rw,cpu\n"
    for count in 0...text.utf8.count {
      #expect(ControlGroup.mounts(String(text.prefix(count))).count <= 1)
    }
    #expect(
      ControlGroup.mounts(text) == [
        .init(point: "/sys/fs/cgroup/cpu", isUnified: false, controllers: ["cpu"])
      ])
  }

  @Test func theGroupOfThisHostIsFound() throws {
    let text = try #require(SystemFile.text("/proc/self/mountinfo"))
    let mounts = ControlGroup.mounts(text).filter { $0.isUnified || !$0.controllers.isEmpty }
    #expect(!mounts.isEmpty)
    for mount in mounts {
      let group = try ControlGroup(mount.point, roots: HostRoots())
      #expect(group.id == (try inode(mount.point)))
      #expect((group.controller == nil) == mount.isUnified)
    }
  }
}
