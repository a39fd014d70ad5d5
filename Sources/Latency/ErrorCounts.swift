import BPFRuntime
import LinuxHost

/// How often each kind of event failed in each process, and with which error.
struct ErrorCounts {
  private let map: BPFMap
  private let limit: Int
  private let processes: Processes
  private var last: [HistogramErrorKey: UInt64] = [:]

  init(_ object: borrowing LoadedObject, options: LatencyOptions) throws(BPFError) {
    map = try object.map("errors")
    limit = options.errors
    processes = Processes(roots: options.roots)
  }

  /// What is new since the last time.
  mutating func collect() -> [(key: HistogramErrorKey, count: UInt64)] {
    var changes: [(key: HistogramErrorKey, count: UInt64)] = []
    var idle: [HistogramErrorKey] = []
    for (word, count) in map.elements(key: UInt64(0), value: UInt64(0), limit: limit) {
      let key = HistogramErrorKey(word: word)
      let before = last[key] ?? 0
      if count == before { idle.append(key) } else { changes.append((key, count &- before)) }
      last[key] = count
    }
    forget(idle)
    return changes
  }

  /// Makes room where processes have ended.
  private mutating func forget(_ idle: [HistogramErrorKey]) {
    guard !idle.isEmpty else { return }
    let alive = Set(processes.all())
    for key in idle where !alive.contains(key.pid) {
      try? map.remove(key.word)
      last[key] = nil
    }
  }
}
