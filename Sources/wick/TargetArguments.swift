import ArgumentParser
import LinuxHost
import Sampling

/// Whom a command looks at.
struct TargetArguments: ParsableArguments {
  @Flag(name: [.short, .customLong("all")], help: "Everything that runs (the default).")
  var all = false

  @Option(
    name: [.short, .customLong("pid")],
    help: ArgumentHelp(
      "This process, its threads, and children it forks later; repeatable.", valueName: "pid"))
  var pids: [UInt32] = []

  @Option(
    help: ArgumentHelp(
      "The members of a cgroup (v1 or v2): its directory, or its path in a hierarchy.",
      valueName: "path"))
  var cgroup: String?

  /// Whether one was named.
  var isGiven: Bool { all || !pids.isEmpty || cgroup != nil }

  mutating func validate() throws {
    let targets = [all, !pids.isEmpty, cgroup != nil].filter(\.self).count
    guard targets <= 1 else { throw ValidationError("-a, -p and --cgroup exclude each other.") }
    if pids.contains(0) { throw ValidationError("PID 0 is the idle task, which is not measured.") }
  }

  func target(_ roots: HostRoots) throws -> SampleTarget {
    if !pids.isEmpty { return .processes(pids) }
    if let cgroup { return .cgroup(try ControlGroup(cgroup, roots: roots)) }
    return .everything
  }
}
