package import ELF
package import LinuxHost

/// Where the code of a profile's mapping comes from, for whoever names it.
package enum CodeOrigin: Sendable {
  case kernel
  case executable(ELFImage)
  /// Code that a runtime generated in the memory of this process.
  case generated(GeneratedCode)
  /// A file that could not be read.
  case unreadable
}

/// What there is to name the code that a runtime generated.
package struct GeneratedCode: Sendable {
  package let pid: UInt32
  /// The user whose process it is; the map must be theirs.
  package let user: UInt32?
  /// `/tmp/perf-PID.map`, opened when the code was first seen, for the process may end; or now, for
  /// the runtime may have written it later.
  package var map: OpenFile? { early ?? Self.open(pid: pid, roots: roots) }
  private let early: OpenFile?
  private let roots: HostRoots

  /// - Source: kernel, tools/perf/Documentation/jit-interface.txt. The number in the name is the
  ///   one the process has in its own PID namespace, the folder the one in its own root.
  init(pid: UInt32, roots: HostRoots) {
    self.pid = pid
    self.roots = roots
    user = Processes(roots: roots).user(of: pid)
    early = Self.open(pid: pid, roots: roots)
  }

  private static func open(pid: UInt32, roots: HostRoots) -> OpenFile? {
    let innermost = Processes(roots: roots).innermostPID(of: pid) ?? pid
    return ForeignFiles(roots: roots).open(
      path: Array("/tmp/perf-\(innermost).map".utf8), pid: pid)
  }
}
