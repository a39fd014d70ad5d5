import ProfileModel

/// The ledger and the facts of a profile: lines of pprof's free text, such as `taken=993`.
enum PprofComments {
  /// The first line of profiles that we wrote.
  private static let signature = "writer=wick"

  private static let texts:
    [(key: String, field: any WritableKeyPath<ProfileFacts, String> & Sendable)] = [
      ("version", \.version), ("host", \.host), ("kernel", \.kernel),
      ("architecture", \.architecture), ("event", \.event), ("command", \.command),
      ("target", \.target),
    ]

  private static let numbers:
    [(key: String, field: any WritableKeyPath<ProfileFacts, Int> & Sendable)] = [
      ("cpus", \.onlineCPUs), ("frequency", \.frequency),
    ]

  static func lines(for profile: Profile) -> [String] {
    [signature] + notes(for: profile).map { "\($0.key)=\($0.value)" }
  }

  /// The ledger and the facts under the names that all formats use.
  static func notes(for profile: Profile) -> [(key: String, value: String)] {
    let ledger = profile.ledger
    var notes = [("taken", "\(ledger.taken)"), ("complete", "\(ledger.complete)")]
    notes += ledger.partial.map { ("partial.\($0.key.rawValue)", "\($0.value)") }
      .sorted { $0.0 < $1.0 }
    notes += ledger.dropped.map { ("dropped.\($0.key.rawValue)", "\($0.value)") }
      .sorted { $0.0 < $1.0 }
    notes.append(("coverage", "\(ledger.coverage)"))
    if ledger.framePointer > 0 { notes.append(("frame-pointer", "\(ledger.framePointer)")) }
    for (key, field) in texts where !profile.facts[keyPath: field].isEmpty {
      notes.append((key, profile.facts[keyPath: field]))
    }
    for (key, field) in numbers where profile.facts[keyPath: field] != 0 {
      notes.append((key, "\(profile.facts[keyPath: field])"))
    }
    return notes
  }

  static func areOurs(_ lines: [String]) -> Bool { lines.first == signature }

  /// Restores the facts, and the ledger if it agrees with the samples that were read.
  static func restore(_ lines: [String], into profile: inout Profile) {
    guard areOurs(lines) else { return }
    var ledger = Ledger()
    for line in lines.dropFirst() {
      guard let equals = line.firstIndex(of: "=") else { continue }
      let key = String(line[..<equals])
      let value = String(line[line.index(after: equals)...])
      for (name, field) in texts where name == key { profile.facts[keyPath: field] = value }
      for (name, field) in numbers where name == key {
        profile.facts[keyPath: field] = Int(value) ?? 0
      }
      if let count = UInt64(value) { restore(key, count, into: &ledger) }
    }
    let agrees =
      ledger.isBalanced && ledger.complete == profile.ledger.complete
      && ledger.partial == profile.ledger.partial
    if agrees, profile.ledger.dropped.isEmpty { profile.ledger = ledger }
  }

  private static func restore(_ key: String, _ count: UInt64, into ledger: inout Ledger) {
    let parts = key.split(separator: ".", maxSplits: 1)
    switch (parts.first, parts.dropFirst().first) {
    case ("taken", nil): ledger.taken = count
    case ("complete", nil): ledger.complete = count
    case ("frame-pointer", nil): ledger.framePointer = count
    case ("partial", let name?):
      if let reason = IncompleteReason(rawValue: String(name)) { ledger.partial[reason] = count }
    case ("dropped", let name?):
      if let reason = DropReason(rawValue: String(name)) { ledger.dropped[reason] = count }
    default: break
    }
  }
}
