import Glibc

/// What `/proc` tells about processes.
package struct Processes: Sendable {
  package let roots: HostRoots

  package init(roots: HostRoots) { self.roots = roots }

  /// All process IDs, in no order.
  package func all() -> [UInt32] {
    guard let directory = unsafe opendir(roots.proc) else { return [] }
    defer { unsafe closedir(directory) }
    var found: [UInt32] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = UInt32(name) { found.append(pid) }
    }
    return found
  }

  /// Whether there is such a process; the number of another thread than the first is none.
  package func exists(_ pid: UInt32) -> Bool {
    status(of: pid, field: "Tgid:")?.first == pid
  }

  /// The executable mappings of a process, or nil if they cannot be read.
  package func executableMappings(of pid: UInt32) -> [MemoryMapLine]? {
    SystemFile.read("\(roots.proc)/\(pid)/maps", limit: Limits.mapsBytes)
      .map(MemoryMaps.executable)
  }

  /// The process' own number for itself: the innermost of its PID namespaces.
  package func innermostPID(of pid: UInt32) -> UInt32? {
    status(of: pid, field: "NSpid:").flatMap { $0.last }
  }

  /// The effective user of a process.
  package func user(of pid: UInt32) -> UInt32? {
    status(of: pid, field: "Uid:").flatMap { $0.count > 1 ? $0[1] : nil }
  }

  /// The numbers behind a field of `/proc/PID/status`.
  private func status(of pid: UInt32, field: String) -> [UInt32]? {
    guard let text = SystemFile.text("\(roots.proc)/\(pid)/status") else { return nil }
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }) else {
      return nil
    }
    return line.dropFirst(field.count).split(whereSeparator: \.isWhitespace).compactMap {
      UInt32($0)
    }
  }
}
