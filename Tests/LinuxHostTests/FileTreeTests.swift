import Foundation
import LinuxHost
import Testing

/// Whether two processes find the same file under the same path.
@Suite struct FileTreeTests {
  private let files = ForeignFiles(roots: HostRoots())

  @Test func processesOfOneTreeHaveTheSame() throws {
    let running = try RunningShell("echo; exec sleep 30")
    #expect(!running.read().isEmpty)
    let own = try #require(files.root(of: nil)?.tree)
    #expect(files.root(of: UInt32(getpid()))?.tree == own)
    #expect(files.root(of: running.pid)?.tree == own)
  }

  @Test func anotherMountNamespaceIsAnotherTree() throws {
    let running = try RunningShell("exec unshare -m sh -c 'echo; exec sleep 30'")
    #expect(!running.read().isEmpty)
    let root = try #require(files.root(of: running.pid))
    #expect(root.tree != files.root(of: nil)?.tree)
  }

  @Test func anotherRootIsAnotherTree() throws {
    let running = try RunningShell(
      "exec python3 -c 'import os,time;os.chroot(\"/usr\");print(1,flush=True);time.sleep(30)'")
    #expect(!running.read().isEmpty)
    let root = try #require(files.root(of: running.pid))
    #expect(root.tree != files.root(of: nil)?.tree)
    #expect(root.open(path: Array("/bin/true".utf8)) != nil)
    #expect(root.open(path: Array("/../usr/bin/true".utf8)) == nil)
  }

  @Test func aProcessThatIsGoneHasNone() {
    #expect(files.root(of: UInt32.max) == nil)
  }
}
