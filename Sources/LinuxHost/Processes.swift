import CLinux
import Glibc

/// What `/proc` tells about processes.
package struct Processes: Sendable {
  package let roots: HostRoots

  package init(roots: HostRoots) { self.roots = roots }

  /// The number of this process.
  package static var own: UInt32 { UInt32(clamping: getpid()) }

  /// All process IDs, in no order.
  package func all() -> [UInt32] { numbers(in: roots.proc) }

  /// The entries of a directory whose names are numbers.
  private func numbers(in path: String) -> [UInt32] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var found: [UInt32] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = UInt32(name) { found.append(number) }
    }
    return found
  }

  /// Whether there is such a process; the number of another thread than the first is none.
  ///
  /// One that `hidepid` hides from us is there all the same: the kernel says so when asked to signal it.
  package func exists(_ pid: UInt32) -> Bool {
    if let group = status(of: pid, field: "Tgid:")?.first { return group == pid }
    guard roots.proc == "/proc", let number = pid_t(exactly: pid), number > 0 else { return false }
    return kill(number, 0) != 0 && errno == EPERM
  }

  /// The threads of a process, in no order.
  package func threads(of pid: UInt32) -> [UInt32] { numbers(in: "\(roots.proc)/\(pid)/task") }

  /// Whether a thread runs or could; nil if there is no such thread.
  ///
  /// - Source: `/proc/PID/task/TID/stat`: the state is the field after the name in parentheses.
  package func isRunning(_ tid: UInt32, of pid: UInt32) -> Bool? {
    guard let bytes = SystemFile.read("\(roots.proc)/\(pid)/task/\(tid)/stat", limit: 4_096),
      let end = bytes.lastIndex(of: UInt8(ascii: ")")), end + 2 < bytes.count
    else { return nil }
    return bytes[end + 2] == UInt8(ascii: "R")
  }

  /// The name of a process, or of one of its threads, as bytes of any kind.
  package func name(of pid: UInt32, thread tid: UInt32? = nil) -> [UInt8]? {
    let thread = tid.map { "/task/\($0)" } ?? ""
    guard let bytes = SystemFile.read("\(roots.proc)/\(pid)\(thread)/comm", limit: 64)
    else { return nil }
    return Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
  }

  /// How many threads a process has; 0 if there is no such process.
  ///
  /// A process that nobody has waited for yet still has its first thread.
  /// - Source: kernel, `proc_task_getattr`: a link for each thread, and the two of any directory.
  package func threadCount(of pid: UInt32) -> Int {
    var status = stat()
    guard unsafe stat("\(roots.proc)/\(pid)/task", &status) == 0 else { return 0 }
    return max(0, Int(status.st_nlink) - 2)
  }

  /// How many entries a directory such as `/proc/PID/fd` has; nil if it may not be read.
  ///
  /// Since Linux 6.2 the kernel says it as the directory's size; before, it has to be read.
  package static func entryCount(of folder: String) -> UInt64? {
    var status = stat()
    guard unsafe stat(folder, &status) == 0 else { return nil }
    if status.st_size > 0 { return UInt64(status.st_size) }
    guard unsafe access(folder, R_OK) == 0 else { return nil }
    return UInt64(SystemFile.names(in: folder).count)
  }

  /// The effective user of this process.
  package static var ourUser: UInt32 { geteuid() }

  /// Bytes of a page of memory.
  package static let pageBytes = UInt64(max(4_096, sysconf(Int32(_SC_PAGESIZE))))

  /// The executable mappings of a process, or nil if they cannot be read.
  ///
  /// When the first thread has ended before the others, only those still show them.
  package func executableMappings(of pid: UInt32) -> [MemoryMapLine]? {
    let process = "\(roots.proc)/\(pid)"
    guard let maps = SystemFile.read("\(process)/maps", limit: Limits.mapsBytes) else { return nil }
    if !maps.isEmpty { return MemoryMaps.executable(in: maps) }
    for thread in numbers(in: "\(process)/task") where thread != pid {
      let maps = SystemFile.read("\(process)/task/\(thread)/maps", limit: Limits.mapsBytes)
      if let maps, !maps.isEmpty { return MemoryMaps.executable(in: maps) }
    }
    return []
  }

  /// The process' own number for itself: the innermost of its PID namespaces.
  package func innermostPID(of pid: UInt32) -> UInt32? {
    status(of: pid, field: "NSpid:").flatMap { $0.last }
  }

  /// The effective user of a process.
  package func user(of pid: UInt32) -> UInt32? {
    status(of: pid, field: "Uid:").flatMap { $0.count > 1 ? $0[1] : nil }
  }

  /// When a process began, in clock ticks since boot; nil if there is no such process.
  ///
  /// - Source: proc(5), the 22nd field of `/proc/PID/stat`; the second may hold anything in brackets.
  package func startTime(of pid: UInt32) -> UInt64? {
    guard let text = SystemFile.text("\(roots.proc)/\(pid)/stat"),
      let bracket = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: bracket)...].split(separator: " ")
    return fields.count > 19 ? UInt64(fields[19]) : nil
  }

  /// Where a process' executable file is in its own tree of files; nil if that may not be seen.
  package func executablePath(of pid: UInt32) -> String? { link(of: pid, "exe") }

  /// The network namespace of a process, such as `net:[4026531840]`; nil if it may not be seen.
  package func networkNamespace(of pid: UInt32) -> String? { link(of: pid, "ns/net") }

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
