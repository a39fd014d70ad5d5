import LinuxHost
import ResourceModel

/// What processes are called, as far as latencies are told of them.
struct ProcessNames {
  private struct Entry {
    var name: String
    /// When the histogram was begun that told the name: the newest knows best, after an exec.
    var begun: UInt64
    var lastUse: UInt64
  }

  private let roots: HostRoots
  private var entries: [UInt32: Entry] = [:]
  private var round: UInt64 = 0

  init(roots: HostRoots) { self.roots = roots }

  /// The name of a process, of which the kernel's side told one when it began a histogram.
  mutating func name(of pid: UInt32, told: [UInt8], begun: UInt64) -> String {
    guard pid != 0 else { return Self.other }
    if var known = entries[pid], known.begun >= begun {
      known.lastUse = round
      entries[pid] = known
      return known.name
    }
    // A process that is gone has no file; and one may be called after it what it was not.
    let text = SystemFile.page("\(roots.proc)/\(pid)/comm").map { Array($0.utf8) } ?? told
    let name = SafeText(text.prefix { $0 != 0x0a }, limit: Self.limit).text
    entries[pid] = Entry(name: name.isEmpty ? "pid \(pid)" : name, begun: begun, lastUse: round)
    return entries[pid]?.name ?? ""
  }

  /// The name that is known by now.
  func known(_ pid: UInt32) -> String? { entries[pid]?.name }

  /// Forgets what was not used for a while.
  mutating func rest() {
    round &+= 1
    guard round % Self.roundsKept == 0 else { return }
    entries = entries.filter { round &- $0.value.lastUse < Self.roundsKept }
  }

  static let other = "other"
  private static let limit = 64
  private static let roundsKept: UInt64 = 32
}
