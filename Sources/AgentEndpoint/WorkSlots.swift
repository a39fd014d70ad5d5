import NIOCore

/// How many may do the same work at once; used on one event loop alone.
final class WorkSlots {
  private let capacity: Int
  private var ends: [UInt64: NIODeadline] = [:]
  private var nextTicket: UInt64 = 0

  init(_ capacity: Int) { self.capacity = capacity }

  /// - Returns: what to give back; nil if all slots are taken.
  func take(for time: TimeAmount) -> UInt64? {
    guard ends.count < capacity else { return nil }
    nextTicket &+= 1
    ends[nextTicket] = .now() + time
    return nextTicket
  }

  func giveBack(_ ticket: UInt64) { ends[ticket] = nil }

  /// Until the first slot is free again, if everything goes as planned.
  var waitSeconds: Int64 {
    guard let first = ends.values.min() else { return 0 }
    return (first - .now()).nanoseconds / 1_000_000_000 + 1
  }
}
