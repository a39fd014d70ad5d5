import ProfileModel

extension ProfileReport {
  /// The table for a terminal that is `width` columns wide, with at most `limit` functions.
  ///
  /// Self and total are numbers of samples where these measure time, and else amounts.
  package func text(width: Int, limit: Int = .max) -> String {
    var table = TextTable([
      ("self", .right), ("self %", .right), ("total", .right), ("total %", .right),
      ("kind", .left), ("module", .left), ("function", .left),
    ])
    for row in rows.prefix(limit) {
      table.add([
        amount(row.own), share(row.own), amount(row.total), share(row.total), "\(row.kind)",
        row.module, row.name,
      ])
    }
    var text = header + table.text(width: max(width, 40))
    if rows.count > limit { text += "… and \(rows.count - limit) more functions\n" }
    return text
  }

  private var countsSamples: Bool { sampleType.unit == "nanoseconds" || sampleType.unit == "count" }

  private func amount(_ cost: Cost) -> String {
    countsSamples ? "\(cost.count)" : NumberText.amount(cost.value, unit: sampleType.unit)
  }

  private func share(_ cost: Cost) -> String {
    let whole = countsSamples ? sum.count : sum.value
    let part = countsSamples ? cost.count : cost.value
    return NumberText.percent(whole == 0 ? 0 : Double(part) / Double(whole))
  }

  private var header: String {
    var text = "\(sum.count) samples"
    if sampleType.unit != "count" {
      text += ", \(NumberText.amount(sum.value, unit: sampleType.unit)) of \(sampleType.name)"
    }
    return text + "\n\(ledger.summary)\n\n"
  }
}

extension Ledger {
  /// The ledger in one line: `taken 102 = complete 96 + partial 4 (…) + dropped 2 (…), coverage …`.
  package var summary: String {
    let partialReasons = partial.map { ($0.key.rawValue, $0.value) }
    let dropReasons = dropped.map { ($0.key.rawValue, $0.value) }
    return "taken \(taken) = complete \(complete)"
      + " + partial \(partialTotal)\(Self.list(partialReasons))"
      + " + dropped \(droppedTotal)\(Self.list(dropReasons))"
      + ", coverage \(NumberText.percent(coverage))"
  }

  private static func list(_ reasons: [(name: String, count: UInt64)]) -> String {
    guard !reasons.isEmpty else { return "" }
    let sorted = reasons.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    return " (" + sorted.map { "\($0.name) \($0.count)" }.joined(separator: ", ") + ")"
  }
}
