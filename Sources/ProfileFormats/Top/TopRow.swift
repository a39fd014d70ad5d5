/// A line of a live table: what it is about, and what that cost in a span of time.
package struct TopRow: Hashable, Sendable {
  package struct Key: Hashable, Sendable {
    /// What was waited for or called, such as `lock`; empty for code that runs.
    package var reason = ""
    /// The name as every format shows it, suffix of the kind included.
    package var function: String
    package var module: String
    package var process: String

    package init(reason: String = "", function: String, module: String, process: String) {
      self.reason = reason
      self.function = function
      self.module = module
      self.process = process
    }
  }

  package let key: Key
  /// Of the samples that end in the function, in the unit of the table.
  package var own: UInt64 = 0
  /// Of the samples that the function is anywhere in; for waits the same as `own`.
  package var total: UInt64 = 0
  /// Samples that the total is made of.
  package var samples: UInt64 = 0
  /// The processes of this name; no more than `processLimit` of them.
  package var pids: Set<UInt32> = []
  /// The most threads that were seen in an interval.
  package var threads = 0

  /// Nobody reads longer lists.
  package static let processLimit = 64

  package init(key: Key) { self.key = key }

  mutating func add(pid: UInt32) {
    if pids.count < Self.processLimit { pids.insert(pid) }
  }

  mutating func add(_ other: TopRow) {
    own &+= other.own
    total &+= other.total
    samples &+= other.samples
    for pid in other.pids { add(pid: pid) }
    threads = max(threads, other.threads)
  }
}
