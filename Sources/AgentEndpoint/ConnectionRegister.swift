import NIOCore

/// The connections of one listener; used on one event loop alone.
///
/// When there are too many, the one that has been idle longest has to go: whoever opens a thousand
/// connections and says nothing cannot keep others out.
final class ConnectionRegister {
  private struct Entry {
    let number: UInt64
    let channel: any Channel
    var isIdle: Bool
  }

  private let limit: Int
  /// Those that became idle first are first.
  private var entries: [Entry] = []
  private var nextNumber: UInt64 = 0
  private let counters: EndpointCounters

  init(limit: Int, counters: EndpointCounters) {
    self.limit = limit
    self.counters = counters
  }

  /// - Returns: the connection's number; nil if there is no room.
  func admit(_ channel: any Channel) -> UInt64? {
    counters.count(\.connections)
    if entries.count >= limit {
      counters.count(\.evictedConnections)
      guard let victim = entries.firstIndex(where: \.isIdle) else { return nil }
      entries.remove(at: victim).channel.close(promise: nil)
    }
    nextNumber &+= 1
    entries.append(Entry(number: nextNumber, channel: channel, isIdle: true))
    return nextNumber
  }

  /// A connection has a request that is being answered, or has none any more.
  func set(_ number: UInt64, isIdle: Bool) {
    guard let index = entries.firstIndex(where: { $0.number == number }) else { return }
    var entry = entries.remove(at: index)
    entry.isIdle = isIdle
    entries.append(entry)
  }

  func remove(_ number: UInt64) { entries.removeAll { $0.number == number } }

  func closeAll() {
    for entry in entries { entry.channel.close(promise: nil) }
    entries = []
  }
}
