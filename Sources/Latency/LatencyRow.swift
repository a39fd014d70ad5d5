package import MetricModel

/// What a histogram is of.
package struct LatencyKey: Hashable, Sendable {
  /// 0 for what is of no process: those for which there was no room.
  package let pid: UInt32
  /// When the process began, by the kernel's clock since boot; 0 where that is not known.
  package let startTime: UInt64
  package let kind: UInt32

  package init(pid: UInt32, startTime: UInt64, kind: UInt32) {
    self.pid = pid
    self.startTime = startTime
    self.kind = kind
  }
}

/// The latencies of one kind in one process.
package struct LatencyRow: Sendable {
  package let key: LatencyKey
  /// The process' name; `other` where there was no room for more.
  package var process: String
  /// What happened: a system call, what made a thread runnable, a device and an operation.
  package let name: String
  /// The same, taken apart.
  package let figure: LatencyFigure
  /// In nanoseconds.
  package var histogram = LatencyHistogram()
  /// How often it failed, by the name of the error.
  package var errors: [String: UInt64] = [:]
  /// What else was counted, by name; bytes where the name begins with that.
  package var counts: [String: UInt64] = [:]
  /// Calls that the kernel made end early, to go on with them or to make them again.
  package var interrupted: UInt64 = 0

  package init(key: LatencyKey, process: String, name: String, figure: LatencyFigure) {
    self.key = key
    self.process = process
    self.name = name
    self.figure = figure
  }

  package var errorCount: UInt64 { errors.values.reduce(0, &+) }

  package mutating func add(_ other: LatencyRow) {
    process = other.process
    histogram.add(other.histogram)
    errors.merge(other.errors) { $0 &+ $1 }
    counts.merge(other.counts) { $0 &+ $1 }
    interrupted &+= other.interrupted
  }
}
