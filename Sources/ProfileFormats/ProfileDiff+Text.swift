extension ProfileDiff {
  /// The table for a terminal that is `width` columns wide, with at most `limit` functions.
  ///
  /// Shares are percentages and changes percentage points.
  package func text(width: Int, limit: Int = .max) -> String {
    var table = TextTable([
      ("self before", .right), ("after", .right), ("change", .right), ("total before", .right),
      ("after", .right), ("change", .right), ("", .left), ("function", .left), ("module", .left),
    ])
    for row in rows.prefix(limit) {
      table.add([
        NumberText.percent(row.own.before), NumberText.percent(row.own.after),
        NumberText.points(row.own.change), NumberText.percent(row.total.before),
        NumberText.percent(row.total.after), NumberText.points(row.total.change),
        row.isNew ? "new" : row.isGone ? "gone" : "", row.name, row.module,
      ])
    }
    var text = table.text(width: max(width, 80))
    if rows.count > limit { text += "… and \(rows.count - limit) more functions\n" }
    return text
  }
}
