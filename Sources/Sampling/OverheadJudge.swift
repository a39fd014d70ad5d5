/// What a probe takes of a CPU.
struct OverheadJudge {
  private var last: (time: UInt64, spent: UInt64)?
  private(set) var greatestShare: Double
  private var wasAbove = false

  init(greatestShare: Double = 0) { self.greatestShare = greatestShare }
  private static let interval: UInt64 = 1_000_000_000

  func seconds(until now: UInt64) -> Double? {
    last.flatMap { now > $0.time ? Double(now - $0.time) / 1e9 : nil }
  }

  /// Whether it was too much twice in a row, for one second alone says little, or far too much.
  mutating func isAbove(_ limit: Double, share: Double) -> Bool {
    defer { wasAbove = share > limit }
    return share > limit && (wasAbove || share > 4 * limit)
  }

  func isDue(_ now: UInt64) -> Bool { last.map { now >= $0.time &+ Self.interval } ?? true }

  /// The share since the last call; nil at the first.
  mutating func share(spent: UInt64, at now: UInt64) -> Double? {
    defer { last = (now, spent) }
    guard let last, now > last.time, spent >= last.spent else { return nil }
    let share = Double(spent - last.spent) / Double(now - last.time)
    greatestShare = max(greatestShare, share)
    return share
  }
}
