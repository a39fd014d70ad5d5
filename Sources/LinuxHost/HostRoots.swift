/// Where the kernel's file systems are mounted; tests put a recorded tree here.
package struct HostRoots: Sendable {
  package var proc: String
  package var sys: String

  package init(proc: String = "/proc", sys: String = "/sys") {
    self.proc = proc
    self.sys = sys
  }
}
