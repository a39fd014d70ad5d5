import ProfileModel

/// The lines above the graph: what was measured, where, and what happened to the samples.
enum SVGHeader {
  static func title(_ profile: Profile) -> String {
    let facts = profile.facts
    let parts = ["wick", facts.target, facts.host].filter { !$0.isEmpty }
    return parts.joined(separator: " · ")
  }

  static func lines(_ profile: Profile) -> [String] {
    [measured(profile), host(profile.facts), ledger(profile.ledger)].filter { !$0.isEmpty }
  }

  private static func measured(_ profile: Profile) -> String {
    let facts = profile.facts
    let total = profile.samples.reduce(UInt64(0)) { $0 &+ $1.value }
    var parts = ["\(amount(total, of: profile.sampleType)) of \(profile.sampleType.name)"]
    if !facts.event.isEmpty { parts.append("event \(facts.event)") }
    if facts.frequency > 0 { parts.append("\(facts.frequency) Hz") }
    if facts.durationNanoseconds > 0 {
      parts.append("over \(amount(facts.durationNanoseconds, of: .cpu))")
    }
    return parts.joined(separator: " · ")
  }

  private static func host(_ facts: ProfileFacts) -> String {
    var parts: [String] = []
    if !facts.kernel.isEmpty { parts.append("Linux \(facts.kernel) \(facts.architecture)") }
    if facts.onlineCPUs > 0 { parts.append("\(facts.onlineCPUs) CPUs") }
    if !facts.command.isEmpty { parts.append(facts.command) }
    return parts.joined(separator: " · ")
  }

  private static func ledger(_ ledger: Ledger) -> String {
    guard ledger.taken > 0 else { return "" }
    var parts = [
      "\(ledger.taken) samples taken", "\(ledger.complete) complete",
      "coverage \(SVGText.format(ledger.coverage * 100, decimals: 1)) %",
    ]
    parts += counts("partial", ledger.partial.map { ($0.key.rawValue, $0.value) })
    parts += counts("dropped", ledger.dropped.map { ($0.key.rawValue, $0.value) })
    return parts.joined(separator: " · ")
  }

  private static func counts(_ label: String, _ counts: [(String, UInt64)]) -> [String] {
    guard !counts.isEmpty else { return [] }
    let sorted = counts.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }
    return ["\(label): " + sorted.map { "\($0.0) \($0.1)" }.joined(separator: ", ")]
  }

  /// A value in its unit, time in the unit that reads best.
  static func amount(_ value: UInt64, of type: SampleType) -> String {
    if type.unit == "bytes" { return NumberText.amount(value, unit: type.unit) }
    guard type.unit == "nanoseconds" else { return "\(value) \(type.unit)" }
    let nanoseconds = Double(value)
    if value >= 1_000_000_000 {
      return SVGText.format(nanoseconds / 1_000_000_000, decimals: 2) + " s"
    }
    if value >= 1_000_000 { return SVGText.format(nanoseconds / 1_000_000, decimals: 1) + " ms" }
    return SVGText.format(nanoseconds / 1_000, decimals: 0) + " µs"
  }
}
