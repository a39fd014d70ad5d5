/// What comes first in live tables.
package enum TopSorting: String, CaseIterable, Sendable {
  /// Functions by what they take themselves.
  case own
  /// Functions by what they and everything that they call take.
  case total
  /// Waits, which get most of the screen; functions as `own`.
  case waits
  /// Both by process: all rows of the busiest process first.
  case process

  /// The rows of a table in this order; equal ones by their names, so that they do not change places.
  package func sorted(_ table: TopTable) -> [TopRow] {
    switch self {
    case .own, .waits: return table.rows.sorted { Self.comesFirst($0, $1) { ($0.own, $0.total) } }
    case .total: return table.rows.sorted { Self.comesFirst($0, $1) { ($0.total, $0.own) } }
    case .process:
      var sums: [String: UInt64] = [:]
      for row in table.rows { sums[row.key.process, default: 0] &+= row.own }
      return table.rows.sorted { one, other in
        guard one.key.process != other.key.process else {
          return Self.comesFirst(one, other) { ($0.own, $0.total) }
        }
        let (first, second) = (sums[one.key.process] ?? 0, sums[other.key.process] ?? 0)
        return first == second ? one.key.process < other.key.process : first > second
      }
    }
  }

  private static func comesFirst(
    _ one: TopRow, _ other: TopRow, by values: (TopRow) -> (UInt64, UInt64)
  ) -> Bool {
    let (first, second) = (values(one), values(other))
    if first != second { return first > second }
    return one.key < other.key
  }
}

extension TopRow.Key: Comparable {
  package static func < (one: Self, other: Self) -> Bool {
    (one.function, one.process, one.module, one.reason)
      < (other.function, other.process, other.module, other.reason)
  }
}
