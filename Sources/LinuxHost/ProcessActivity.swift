/// How busy a process is, to look first at those that will be sampled first.
package struct ProcessActivity: Hashable, Sendable {
  /// Its first thread runs or waits for a CPU.
  package var isRunning: Bool
  /// CPU time of all its threads since it began, in clock ticks of 10 ms.
  package var ticks: UInt64

  /// Reads `/proc/PID/stat`: `pid (name) state ppid …`; utime and stime are the fields 14 and 15.
  ///
  /// The name may hold anything, parentheses too, but nothing behind it does.
  /// - Source: proc(5).
  init?(parsing text: [UInt8]) {
    guard let name = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = text[(name + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 13)
    guard fields.count > 12, let state = fields[0].first,
      let user = UInt64(String(decoding: fields[11], as: UTF8.self)),
      let system = UInt64(String(decoding: fields[12], as: UTF8.self))
    else { return nil }
    isRunning = state == UInt8(ascii: "R")
    ticks = user &+ system
  }

  /// Whether a process is to be looked at before another one.
  func isBefore(_ other: ProcessActivity) -> Bool {
    isRunning == other.isRunning ? ticks > other.ticks : isRunning
  }
}

extension Processes {
  /// All processes, those first that run now, then those that ran most.
  package func byActivity() -> [UInt32] { byActivity(all()) }

  /// The given processes in that order; those that are gone come last.
  package func byActivity(_ pids: [UInt32]) -> [UInt32] {
    let none = ProcessActivity.none
    return pids.map { ($0, activity(of: $0) ?? none) }
      .sorted { $0.1.isBefore($1.1) }
      .map(\.0)
  }

  package func activity(of pid: UInt32) -> ProcessActivity? {
    SystemFile.read("\(roots.proc)/\(pid)/stat", limit: Limits.nameBytes)
      .flatMap { ProcessActivity(parsing: $0) }
  }
}

extension ProcessActivity {
  fileprivate static let none = ProcessActivity(isRunning: false, ticks: 0)

  private init(isRunning: Bool, ticks: UInt64) {
    self.isRunning = isRunning
    self.ticks = ticks
  }
}
