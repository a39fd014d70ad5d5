import LinuxHost

/// Connections that were dropped because the queue of a listening socket was full.
///
/// The kernel counts them for a network namespace. Each socket also counts what it drops, for any
/// reason: that says whose they are.
///
/// - Source: `ListenOverflows` of `/proc/PID/net/netstat`; `sk_drops` of the socket.
struct ListenOverflows {
  struct Drops {
    let pid: UInt32
    let count: UInt64
  }

  private struct Namespace {
    /// The kernel's count when it was last read.
    var total: UInt64
    /// Those that no socket has taken yet.
    var unclaimed: UInt64 = 0
  }

  private let processes: Processes
  private var namespaces: [String: Namespace] = [:]

  /// Namespaces that are looked at at once.
  private static let limit = 256

  init(roots: HostRoots) { processes = Processes(roots: roots) }

  /// Takes note of what was counted before, wherever processes are.
  mutating func begin() {
    for pid in processes.all() {
      guard namespaces.count < Self.limit else { return }
      guard let name = processes.networkNamespace(of: pid), namespaces[name] == nil,
        let total = read(pid)
      else { continue }
      namespaces[name] = Namespace(total: total)
    }
  }

  /// For each socket, how many of those that it dropped had found its queue full.
  mutating func share(_ dropped: [Drops]) -> [UInt64] {
    var isRead: Set<String> = []
    return dropped.map { drops in
      guard drops.count > 0, let name = processes.networkNamespace(of: drops.pid) else { return 0 }
      if isRead.insert(name).inserted { update(name, by: drops.pid) }
      let overflows = min(drops.count, namespaces[name]?.unclaimed ?? 0)
      namespaces[name]?.unclaimed -= overflows
      return overflows
    }
  }

  private mutating func update(_ name: String, by pid: UInt32) {
    guard let total = read(pid) else { return }
    if namespaces.count >= Self.limit, namespaces[name] == nil { namespaces = [:] }
    // A namespace that is new has counted from 0.
    var namespace = namespaces[name] ?? Namespace(total: 0)
    namespace.unclaimed &+= total >= namespace.total ? total - namespace.total : 0
    namespace.total = total
    namespaces[name] = namespace
  }

  private func read(_ pid: UInt32) -> UInt64? {
    SystemFile.text("\(processes.roots.proc)/\(pid)/net/netstat").flatMap(Self.overflows)
  }

  /// The count in the text of a netstat file: pairs of lines, names and values.
  static func overflows(in text: String) -> UInt64? {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    for (names, values) in zip(lines, lines.dropFirst())
    where names.first == "TcpExt:" && values.first == "TcpExt:" {
      guard let place = names.firstIndex(of: "ListenOverflows"), place < values.count else {
        continue
      }
      return UInt64(values[place])
    }
    return nil
  }
}
