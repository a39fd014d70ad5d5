package import ProfileModel
import Sampling

/// A recording in numbers: the ledger and what it cost.
package struct RecordingSummary {
  private let profile: Profile
  private let cost: RecordingCost

  package init(_ profile: Profile, cost: RecordingCost) {
    self.profile = profile
    self.cost = cost
  }

  /// One JSON object on one line; every value is a number but for the event's name.
  package var json: String {
    let ledger = profile.ledger
    let delivered = ledger.complete + ledger.partialTotal
    let seconds = Double(profile.facts.durationNanoseconds) / 1_000_000_000
    let partial = ledger.partial.map { ($0.rawValue, $1) }
    let dropped = ledger.dropped.map { ($0.rawValue, $1) }
    let bpf = cost.bpfSeconds.map { "\($0)" } ?? "null"
    return """
      {"event":"\(profile.facts.event)","frequency":\(profile.facts.frequency),\
      "duration_s":\(seconds),"taken":\(ledger.taken),"complete":\(ledger.complete),\
      "partial":\(Self.object(partial)),"dropped":\(Self.object(dropped)),\
      "coverage":\(ledger.coverage),"unwound":{"kernel":\(ledger.walkedInKernel),"user":\(delivered - ledger.walkedInKernel),\
      "frame_pointer":\(ledger.framePointer)},"cost":{"cpu_s":\(cost.cpuSeconds),\
      "bpf_s":\(bpf),"peak_rss_bytes":\(cost.peakResidentBytes)},\
      "tables":\(Self.object(cost.tables))\(verification)}

      """
  }

  /// Empty unless stacks were verified.
  private var verification: String {
    guard let counts = cost.comparison else { return "" }
    let members = [
      ("equal", counts.equal), ("prefix", counts.prefix), ("different", counts.different),
      ("guessed", counts.guessed),
      ("step_equal", counts.stepEqual), ("step_different", counts.stepDifferent),
      ("skipped", counts.skipped),
    ]
    return ",\"verify\":" + Self.object(members)
  }

  private static func object(_ counts: [(String, UInt64)]) -> String {
    let members = counts.sorted { $0.0 < $1.0 }.map { "\"\($0.0)\":\($0.1)" }
    return "{" + members.joined(separator: ",") + "}"
  }
}
