import ProfileModel

/// Live tables as lines of text.
package struct TopText: Sendable {
  private let interval: TopInterval
  private let sorting: TopSorting

  package init(_ interval: TopInterval, sorting: TopSorting) {
    self.interval = interval
    self.sorting = sorting
  }

  /// What all tables together tell: `CPU 137.2% of 200%, waiting 3.04 s per second, …`.
  package var summary: String {
    var parts: [String] = []
    for table in interval.tables {
      let amount = Self.amount(interval.perSecond(table.sum), unit: table.unit)
      switch table.event {
      case "cpu":
        let share = NumberText.percent(interval.perSecond(table.sum) / 1e9)
        parts.append("CPU \(share) of \(100 * interval.cpus)%")
      default: parts.append("\(table.event) \(amount)/s")
      }
    }
    let taken = interval.tables.reduce(0) { $0 &+ $1.ledger.taken }
    let complete = interval.tables.reduce(0) { $0 &+ $1.ledger.complete }
    let share = taken == 0 ? 1 : Double(complete) / Double(taken)
    parts.append("\(taken) samples in \(NumberText.decimal(interval.seconds, places: 1)) s")
    parts.append("\(NumberText.percent(share)) complete")
    return parts.joined(separator: ", ")
  }

  /// All tables, each with so many rows at most.
  package func plain(limit: Int, width: Int) -> [String] {
    interval.tables.flatMap { lines(of: $0, rows: limit, width: width) + [""] }
  }

  /// All tables in exactly so many lines, or fewer where there is no more to show.
  ///
  /// The first table gets the larger part: of waits if they are what is sorted by, else of functions.
  package func screen(height: Int, width: Int) -> [String] {
    let isFirst = { (table: TopTable) in table.isOfWaits == (sorting == .waits) }
    let tables = interval.tables.filter(isFirst) + interval.tables.filter { !isFirst($0) }
    var lines: [String] = []
    for (index, table) in tables.enumerated() {
      let left = height - lines.count
      let after = tables.dropFirst(index + 1).reduce(0) { $0 + min($1.rows.count + 2, left / 3) }
      let room = left - after
      // A heading and a row are the least.
      guard room >= 2 else { break }
      let isLast = index == tables.count - 1
      lines += self.lines(of: table, rows: room - (isLast ? 1 : 2), width: width)
      if !isLast { lines.append("") }
    }
    return Array(lines.prefix(max(0, height)))
  }

  private func lines(of table: TopTable, rows limit: Int, width: Int) -> [String] {
    let layout = Layout(width: width)
    let rows = sorting.sorted(table).prefix(max(0, limit))
    guard table.isOfWaits else {
      return [layout.line("OWN", "TOTAL", "PROCESS", "MODULE", "FUNCTION")]
        + rows.map { row in
          layout.line(
            value(row.own, in: table), value(row.total, in: table), Self.process(of: row),
            row.key.module, row.key.function)
        }
    }
    let title = table.event == "syscalls" ? "CALL" : "REASON"
    return [layout.line("PER SEC", title, "PROCESS", "MODULE", "FUNCTION", isOfWaits: true)]
      + rows.map { row in
        layout.line(
          value(row.own, in: table), row.key.reason.isEmpty ? "on CPU" : row.key.reason,
          Self.process(of: row), row.key.module, row.key.function, isOfWaits: true)
      }
  }

  /// The CPU time as a share of one CPU, other values by second.
  private func value(_ value: UInt64, in table: TopTable) -> String {
    let perSecond = interval.perSecond(value)
    if table.unit == "nanoseconds", !table.isOfWaits { return NumberText.percent(perSecond / 1e9) }
    return Self.amount(perSecond, unit: table.unit)
  }

  private static func amount(_ perSecond: Double, unit: String) -> String {
    // A sum over a short time may be more than fits.
    NumberText.amount(UInt64(exactly: perSecond.rounded()) ?? .max, unit: unit)
  }

  /// `nginx 1234`, or `nginx ×4` where there are several.
  private static func process(of row: TopRow) -> String {
    guard row.pids.count > 1 else {
      return row.pids.first.map { "\(row.key.process) \($0)" } ?? row.key.process
    }
    let isCut = row.pids.count == TopRow.processLimit
    return "\(row.key.process) ×\(row.pids.count)\(isCut ? "+" : "")"
  }
}

/// Columns that stay where they are from one interval to the next.
private struct Layout {
  private let width: Int
  private let hasModule: Bool

  private static let number = 10
  private static let reason = 14
  private static let process = 22
  private static let module = 18
  private static let least = 16

  init(width: Int) {
    self.width = width
    hasModule = width >= 2 * Self.number + Self.process + Self.module + 4 * 2 + Self.least
  }

  func line(
    _ first: String, _ second: String, _ process: String, _ module: String, _ function: String,
    isOfWaits: Bool = false
  ) -> String {
    var line = Self.right(first, Self.number) + "  "
    line += isOfWaits ? Self.left(second, Self.reason) : Self.right(second, Self.number)
    line += "  " + Self.left(process, Self.process) + "  "
    if hasModule { line += Self.left(module, Self.module) + "  " }
    let room: Int = width == .max ? .max : width - line.count
    line += room > 0 ? TextTable.shorten(function, to: room) : ""
    while line.last == " " { line.removeLast() }
    return width == .max ? line : String(line.prefix(width))
  }

  private static func left(_ text: String, _ width: Int) -> String {
    let fitted = TextTable.shorten(text, to: width)
    return fitted + String(repeating: " ", count: max(0, width - fitted.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
