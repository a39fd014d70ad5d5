/// Where the kernel's file systems and the host's own files are; tests put a recorded tree here.
package struct HostRoots: Sendable {
  package var proc: String
  package var sys: String
  /// What stands before the path of a file of the host, such as `/etc/machine-id`; nothing, or
  /// where the host's files are mounted if we run in a container.
  package var files: String

  package init(proc: String = "/proc", sys: String = "/sys", files: String = "") {
    self.proc = proc
    self.sys = sys
    self.files = files
  }
}
