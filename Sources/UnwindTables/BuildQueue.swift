/// Files whose table is to be built, the most demanded first.
///
/// Each file is in it once, so that it is bounded by the number of files.
struct BuildQueue {
  private struct Entry {
    var demand: Int
    /// Not before this monotonic time, in nanoseconds.
    var due: UInt64
  }

  private var entries: [UInt32: Entry] = [:]

  var count: Int { entries.count }

  /// Adds a file, or raises its demand.
  mutating func add(_ number: UInt32, demand: Int, due: UInt64 = 0) {
    guard var entry = entries[number] else {
      entries[number] = Entry(demand: demand, due: due)
      return
    }
    entry.demand &+= demand
    entries[number] = entry
  }

  /// Takes the most demanded file that is due; of equals the one with the lowest number.
  mutating func take(at now: UInt64) -> (number: UInt32, demand: Int)? {
    let due = entries.lazy.filter { $0.value.due <= now }
    guard
      let best = due.max(by: { ($0.value.demand, $1.key) < ($1.value.demand, $0.key) })
    else { return nil }
    entries[best.key] = nil
    return (best.key, best.value.demand)
  }

  /// When the next file is due; nil if the queue is empty.
  var nextDue: UInt64? { entries.values.lazy.map(\.due).min() }
}
