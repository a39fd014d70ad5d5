import BPFRuntime
import BPFShared

/// What the network's programs could not do, since the last time that they were asked.
struct NetworkLosses {
  private let object: BPFMap
  private var last: [UInt64]

  private static let count = Int(NETWORK_COUNTERS.rawValue)

  static func count(_ counter: network_counter, in counts: [UInt64]) -> UInt64 {
    counts.isEmpty ? 0 : counts[Int(counter.rawValue)]
  }

  init(_ object: borrowing LoadedObject) throws(BPFError) {
    self.object = try object.map("network_counters")
    last = Array(repeating: 0, count: Self.count)
  }

  mutating func collect() -> [UInt64] {
    let now = object.counters(count: Self.count) ?? last
    defer { last = now }
    return zip(now, last).map { $0 &- $1 }
  }

  /// In words, what is not 0.
  static func words(_ counts: [UInt64]) -> [String: UInt64] {
    var found: [String: UInt64] = [:]
    for (counter, name) in Self.names where count(counter, in: counts) > 0 {
      found[name] = count(counter, in: counts)
    }
    return found
  }

  private static let names: [(network_counter, String)] = [
    (NETWORK_SOCKETS_FULL, "sockets not followed for want of room"),
    (NETWORK_PEERS_FULL, "new peers counted as \"other\""),
    (NETWORK_UNCOUNTED, "events not counted for want of room"),
    (NETWORK_UNKNOWN_OWNER, "events whose process is not known"),
    (NETWORK_QUERIES_FULL, "queries not followed for want of room"),
    (NETWORK_UNREADABLE, "packets not read"),
    (NETWORK_UNMATCHED, "answers without a query"),
  ]
}
