package import ProfileModel

/// The functions, or the waits, that an event's profile of a short time shows.
package struct TopTable: Hashable, Sendable {
  /// As `record -e` names it.
  package let event: String
  /// What the rows' values count in.
  package let unit: String
  /// Rows tell what was waited for or called, and where; else which function ran.
  package let isOfWaits: Bool
  /// Sum of all samples.
  package private(set) var sum: UInt64 = 0
  package private(set) var ledger: Ledger
  /// In no order.
  package private(set) var rows: [TopRow]

  /// The most rows of an interval: beyond them is nothing that a screen could show.
  package static let rowLimit = 4_000

  package init(_ profile: Profile, rowLimit: Int = Self.rowLimit) {
    event = profile.sampleType == .cpu ? "cpu" : profile.facts.event
    unit = profile.sampleType.unit
    isOfWaits = profile.sampleType != .cpu && unit == "nanoseconds"
    ledger = profile.ledger
    var ranking = TopRanking(profile)
    for sample in profile.samples where sample.count > 0 {
      let isCounted = isOfWaits ? ranking.addWait(sample) : ranking.addStack(sample)
      if isCounted { sum &+= sample.value }
    }
    rows = Self.cut(ranking.rows, to: rowLimit)
  }

  /// Adds what another interval has shown of the same event.
  mutating func add(_ other: TopTable) {
    sum &+= other.sum
    ledger.add(other.ledger)
    var numbers = Dictionary(
      rows.indices.map { (rows[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
    for row in other.rows {
      if let number = numbers[row.key] {
        rows[number].add(row)
      } else {
        numbers[row.key] = rows.count
        rows.append(row)
      }
    }
  }

  /// The rows that come first by their own value, and of the others those that do by their total.
  private static func cut(_ rows: [TopRow], to limit: Int) -> [TopRow] {
    guard rows.count > limit else { return rows }
    let sorted = rows.sorted { $0.own > $1.own }
    let rest = sorted.dropFirst(limit / 2).sorted { $0.total > $1.total }
    return Array(sorted.prefix(limit / 2)) + rest.prefix(limit - limit / 2)
  }
}
