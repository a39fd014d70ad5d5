/// The status for people: plain text that fits on a terminal of 80 columns and 24 lines, as long as
/// little is wrong.
struct StatusScreen {
  private let status: AgentStatus
  private var lines: [String] = []

  static let columns = 80
  /// Of a kind that may be many: destinations, missing features, errors.
  private static let listLimit = 6

  init(_ status: AgentStatus) {
    self.status = status
    addHeading()
    addFigures()
    addDestinations()
    addMissing()
    addErrors()
  }

  /// Every line is safe for a terminal, fits, and ends with a line feed.
  var text: String {
    lines.map { TextWidth.cut(SafeLine.text($0), to: Self.columns) + "\n" }.joined()
  }

  private mutating func addHeading() {
    let build = status.build.isEmpty ? "" : " (\(status.build))"
    lines.append("wick \(status.version)\(build) on \(status.host): \(status.overall.rawValue)")
    let phase = status.phase == .running ? "" : "\(status.phase.rawValue), "
    lines.append(
      "  \(phase)up \(TimeText.span(status.uptime)), process \(status.pid), "
        + "started \(TimeText.stamp(status.startedUnixNanoseconds))")
    for reason in limited(status.reasons) { lines.append("  ! \(reason)") }
    lines.append("")
  }

  private mutating func addFigures() {
    add("sampling", sampling)
    if let window = status.window {
      let age = TimeText.span(
        TimeText.between(window.endUnixNanoseconds, status.nowUnixNanoseconds))
      add("window", "\(TimeText.span(window.duration)), ended \(age) ago")
      add("samples", samples(window))
    }
    add("CPU", cpu)
    add("memory", memory)
    switch status.cost.governor {
    case .off: break
    case .resting: add("governor", "rests")
    case .slowed(let cause): add("governor", "samples more slowly: \(cause)")
    case .exceeded(let cause):
      add("governor", "samples as slowly as it may, and \(cause) is exceeded")
    case .burst(let cause): add("governor", "samples faster: \(cause)")
    }
    if let spool = status.spool {
      add(
        "spool",
        "\(AmountText.bytes(spool.bytes)) of \(AmountText.bytes(spool.quotaBytes)), "
          + "\(AmountText.count(spool.batches)) batches")
    }
  }

  private mutating func add(_ label: String, _ value: String) {
    guard !value.isEmpty else { return }
    lines.append(TextWidth.padded(label, to: 10) + value)
  }

  private var sampling: String {
    guard case .running(let event, let hertz) = status.sampling else { return status.sampling.name }
    return "\(event) at \(hertz) Hz"
  }

  private func samples(_ window: WindowStatus) -> String {
    let dropped = window.dropped.filter { $0.value > 0 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let reasons = dropped.map { "\($0.key) \(AmountText.count($0.value))" }
    return "\(AmountText.count(window.taken)) taken, "
      + "\(AmountText.percent(window.coverage, places: 1)) complete, "
      + "\(AmountText.count(window.droppedTotal)) dropped"
      + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))")
  }

  private var cpu: String {
    guard let own = status.cost.cpuRatio else { return "" }
    let kernel = status.cost.kernelCPURatio
    let inside = kernel.map { " (\(AmountText.percent($0)) of it in the kernel)" } ?? ""
    let budget = status.cost.cpuBudget.map { ", budget \(AmountText.percent($0))" } ?? ""
    return "\(AmountText.percent(own + (kernel ?? 0))) of the host\(inside)\(budget)"
  }

  private var memory: String {
    guard let resident = status.cost.residentBytes else { return "" }
    let maps = status.cost.mapBytes.map { " and \(AmountText.bytes($0)) of BPF maps" } ?? ""
    let budget = status.cost.memoryBudget.map { ", budget \(AmountText.bytes($0))" } ?? ""
    return "\(AmountText.bytes(resident))\(maps)\(budget)"
  }
}

// The lists.
extension StatusScreen {
  private mutating func addDestinations() {
    guard !status.destinations.isEmpty else { return }
    lines.append("")
    lines.append(row("destination", "kind", "state", "queued", "dropped", "last success"))
    for destination in status.destinations.prefix(Self.listLimit) {
      let success = destination.lastSuccessUnixNanoseconds.map {
        "\(TimeText.span(TimeText.between($0, status.nowUnixNanoseconds))) ago"
      }
      let queued = destination.queuedBatches
      let bytes = queued == 0 ? "" : " (\(AmountText.bytes(destination.queuedBytes)))"
      lines.append(
        row(
          destination.name, destination.kind, destination.state.rawValue,
          AmountText.count(queued) + bytes, AmountText.count(destination.droppedBatches),
          success ?? "never"))
    }
    addRest(of: status.destinations.count)
  }

  private func row(
    _ name: String, _ kind: String, _ state: String, _ queued: String, _ dropped: String,
    _ success: String
  ) -> String {
    let cells = [
      TextWidth.padded(name, to: 16), TextWidth.padded(kind, to: 16),
      TextWidth.padded(state, to: 7), TextWidth.padded(queued, to: 16, isRight: true),
      TextWidth.padded(dropped, to: 7, isRight: true), success,
    ]
    return cells.joined(separator: " ")
  }

  private mutating func addMissing() {
    let missing = status.features.filter { $0.state == .missing }
    guard !missing.isEmpty else { return }
    lines.append("")
    lines.append("missing")
    for feature in missing.prefix(Self.listLimit) {
      lines.append("  \(feature.name): \(feature.loss ?? feature.cause ?? "does not work")")
      if let remedy = feature.remedy { lines.append("    \(remedy)") }
    }
    addRest(of: missing.count)
  }

  private mutating func addErrors() {
    let errors = status.errors.errors
    guard !errors.isEmpty else { return }
    lines.append("")
    lines.append("last errors (UTC)")
    for error in errors.suffix(Self.listLimit).reversed() {
      let count = error.count > 1 ? " (\(AmountText.count(error.count)) times)" : ""
      lines.append(
        "  \(TimeText.clock(error.unixNanoseconds)) \(error.subject): \(error.message)\(count)")
    }
    addRest(of: errors.count)
  }

  private mutating func addRest(of count: Int) {
    if count > Self.listLimit { lines.append("  and \(count - Self.listLimit) more") }
  }

  private func limited(_ sentences: [String]) -> [String] {
    guard sentences.count > Self.listLimit else { return sentences }
    return sentences.prefix(Self.listLimit) + ["and \(sentences.count - Self.listLimit) more"]
  }
}

extension AgentStatus {
  /// For people, on a terminal of 80 columns.
  package var screen: String { StatusScreen(self).text }
}
