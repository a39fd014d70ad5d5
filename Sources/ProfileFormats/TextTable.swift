/// Rows of text in aligned columns, for a terminal.
struct TextTable {
  enum Alignment { case left, right }

  private let columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

  mutating func add(_ row: [String]) { rows.append(row) }

  /// The table in at most `width` columns; where it must, the last column but one gives way first
  /// and then the last one.
  func text(width: Int) -> String {
    let widths = columnWidths(limit: width)
    let all = [columns.map(\.title)] + rows
    return all.map { line($0, widths) + "\n" }.joined()
  }

  private func columnWidths(limit: Int) -> [Int] {
    var widths = columns.map { $0.title.count }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
    }
    let gaps = 2 * (columns.count - 1)
    for index in [columns.count - 2, columns.count - 1] where index >= 0 {
      let excess = widths.reduce(gaps, +) - limit
      if excess > 0 { widths[index] -= min(excess, max(0, widths[index] - 12)) }
    }
    return widths
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, cell) in row.enumerated() {
      let fitted = Self.shorten(cell, to: widths[index])
      let padding = String(repeating: " ", count: widths[index] - fitted.count)
      let isLast = index == row.count - 1
      switch columns[index].alignment {
      case .left: text += isLast ? fitted : fitted + padding
      case .right: text += padding + fitted
      }
      if !isLast { text += "  " }
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Cuts the middle out of a text: a function's name is told by both of its ends.
  static func shorten(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    let head = max(0, width - 1) / 2
    return String(text.prefix(head)) + "…" + String(text.suffix(max(0, width - 1 - head)))
  }
}
