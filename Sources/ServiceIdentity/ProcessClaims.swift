import ResourceModel

/// What of a process' word about itself is taken.
///
/// Programs publish their own command line with the secrets in it, the number that they have inside
/// their container, and the container's name as the host's. What we see ourselves counts there.
enum ProcessClaims {
  private static let seenByUs: Set<String> = [
    "process.pid", "process.parent_pid", "process.executable.name", "process.executable.path",
    "process.command", "process.command_args", "process.command_line", "process.args_count",
    "process.user.id", "process.linux.cgroup", "process.owner",
  ]
  private static let seenByUsBeginnings = ["host.", "os."]

  static func add(_ claims: Resource, to identity: inout ProcessIdentity) {
    for claim in claims.attributes where !isSeenByUs(claim.key) {
      // A name that is empty is none.
      if claim.key == "service.name", claim.value.description.isEmpty { continue }
      identity[claim.key] = claim.value
    }
  }

  private static func isSeenByUs(_ key: String) -> Bool {
    seenByUs.contains(key) || seenByUsBeginnings.contains { key.hasPrefix($0) }
  }
}
