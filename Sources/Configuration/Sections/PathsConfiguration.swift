/// Where the host's file systems are, for an agent that runs in a container with processes of its own.
package struct PathsConfiguration: Hashable, Sendable {
  package var proc = "/proc"
  package var sys = "/sys"
  package var root = "/"

  package init() {}

  static let keys: [Key<Self>] = [
    .value(
      "proc", \.proc, .path(), after: .restart,
      "The host's procfs. The kernel tells the numbers that processes have on the host: a container "
        + "with processes of its own needs it at another place than /proc."),
    .value("sys", \.sys, .path(), after: .restart, "The host's sysfs."),
    .value(
      "root", \.root, .path(), after: .restart,
      "The host's root, where its packages, users and file systems are looked up."),
  ]
}
