import Foundation
import LinuxHost
import ResourceModel
@testable import ServiceIdentity
import Testing

@Suite struct PackageTests {
  private static let status = """
    Package: tool
    Status: install ok installed
    Architecture: amd64
    Version: 1:2.3-4
    Description: a tool
     Version: 9 (in the description)

    Package: libtool
    Status: install ok installed
    Architecture: amd64
    Multi-Arch: same
    Version: 5.6

    Package: gone
    Status: deinstall ok config-files
    Architecture: amd64
    Version: 7

    Package: mover
    Status: install ok installed
    Version: 8.9
    Architecture: all

    """

  /// A tree with packages, as a root of its own.
  private func tree() throws -> Scratch {
    let tree = try Scratch()
    try tree.write(Self.status, to: "var/lib/dpkg/status")
    try tree.write(
      "/.\n/bin\n/bin/tool\n/usr\n/usr/lib\n/usr/lib/tool\n/usr/lib/tool/helper\n/usr/bin/moved\n",
      to: "var/lib/dpkg/info/tool.list")
    try tree.write("/usr/bin/lt\n", to: "var/lib/dpkg/info/libtool:amd64.list")
    try tree.write("/usr/bin/gone\n", to: "var/lib/dpkg/info/gone.list")
    try tree.write("/usr/bin/moved\n", to: "var/lib/dpkg/info/mover.list")
    try tree.write(
      "/usr/bin/moved\n/usr/bin/moved.real\nmover\n/bin/local\n/bin/local.distrib\n:\n",
      to: "var/lib/dpkg/diversions")
    return tree
  }

  private func index(_ tree: Scratch) throws -> PackageIndex {
    let roots = HostRoots(proc: "\(tree.path)/proc")
    try FileManager.default.createDirectory(
      atPath: "\(tree.path)/proc/1", withIntermediateDirectories: true)
    try? FileManager.default.createSymbolicLink(
      atPath: "\(tree.path)/proc/1/root", withDestinationPath: tree.path)
    try? FileManager.default.createSymbolicLink(
      atPath: "\(tree.path)/proc/self", withDestinationPath: "/proc/self")
    let root = try #require(ForeignFiles(roots: roots).root(of: 1))
    let status = try #require(root.open(path: Array(PackageIndex.statusPath.utf8)))
    return PackageIndex(status: status, root: root)
  }

  @Test(
    arguments: [
      ("/bin/tool", "1:2.3-4"), ("/usr/bin/tool", "1:2.3-4"), ("/usr/lib/tool/helper", "1:2.3-4"),
      ("/lib/tool/helper", "1:2.3-4"), ("/usr/lib/tool", nil), ("/bin/lt", "5.6"),
      ("/usr/bin/gone", nil), ("/usr/bin/moved", "8.9"), ("/usr/bin/moved.real", "1:2.3-4"),
      ("/usr/bin/local", nil), ("/nothing", nil), ("", nil),
    ] as [(String, String?)])
  func aFileHasTheVersionOfItsPackage(_ path: String, _ version: String?) throws {
    let tree = try tree()
    #expect(try index(tree).version(of: path) == version)
  }

  @Test func listsThatAreCutAnywhereAreNoError() throws {
    let text = Array(Self.status.utf8)
    for length in text.indices { _ = PackageStatus(parsing: Array(text[..<length])) }
    #expect(PackageStatus(parsing: text).packages.map(\.name) == ["tool", "libtool", "mover"])
    let diversions = Array("/a\n/b\nx\n/c\n/d\n:\n".utf8)
    for length in diversions.indices {
      _ = PackageDiversions(parsing: Array(diversions[..<length]))
    }
    #expect(PackageDiversions(parsing: diversions).moved.count == 2)
    let tree = try tree()
    try tree.write("", to: "var/lib/dpkg/info/tool.list")
    #expect(try index(tree).version(of: "/bin/tool") == nil)
  }

  @Test(arguments: ["/usr/bin/gcc-12", "/usr/bin/dpkg", "/bin/ls", "/usr/bin/perf", "/bin/dash"])
  func thisHostsProgramsHaveTheVersionsThatDpkgSays(_ program: String) throws {
    let path = URL(fileURLWithPath: program).resolvingSymlinksInPath().path
    var versions = PackageVersions(roots: HostRoots())
    let found = versions.version(of: path, pid: UInt32(getpid()))
    var owner = try run("/usr/bin/dpkg", ["-S", path])
    // On a host whose /bin is a link, the list may have either.
    if owner.isEmpty, path.hasPrefix("/usr/") {
      owner = try run("/usr/bin/dpkg", ["-S", String(path.dropFirst(4))])
    }
    let package = owner.split(separator: "\n").last?.split(separator: ": ").first ?? ""
    let expected = try run("/usr/bin/dpkg-query", ["-W", "-f", "${Version}", String(package)])
    #expect(found == expected)
    #expect(found?.isEmpty == false)
  }

  @Test func aProgramInATreeOfItsOwnHasTheVersionOfThatTree() throws {
    let tree = try tree()
    let program = try tree.compile("context.c", to: "usr/bin/tool")
    let running = try Program("/usr/sbin/chroot", [tree.path, "/usr/bin/tool", "memfd"])
    try waitUntilItRuns(running.pid, "tool")
    #expect(running.tell("a=b") == "published\n")
    let resolver = IdentityResolver(roots: HostRoots())
    #expect(resolver.identity(of: running.pid, name: "t").service["service.version"] == "1:2.3-4")
    // Replaced while it runs: the package that is there now is not the one that runs.
    try FileManager.default.removeItem(atPath: program)
    let again = IdentityResolver(roots: HostRoots()).identity(of: running.pid, name: "t")
    let version = try #require(again.service["service.version"])
    #expect(version == again.process["process.executable.build_id.gnu"])
    #expect(version.description.count == 40)
  }
}
