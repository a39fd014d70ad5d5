import BPFRuntime
package import ProfileModel
import Sampling

/// A recording in numbers: the ledgers and what it cost.
package struct RecordingSummary {
  private let profiles: [Profile]
  private let cost: RecordingCost

  package init(_ profiles: [Profile], cost: RecordingCost) {
    self.profiles = profiles
    self.cost = cost
  }

  /// One JSON object on one line; every value is a number but for the names of events and programs.
  ///
  /// The first event's ledger is at the top; `events` has those of all.
  package var json: String {
    let bpf = cost.bpfSeconds.map { "\($0)" } ?? "null"
    let first = profiles.first.map { Self.ledger($0) } ?? ""
    let events = profiles.indices.map { "{\(Self.ledger(profiles[$0]))\(spans($0))}" }
    return """
      {\(first),"cost":{"cpu_s":\(cost.cpuSeconds),\
      "bpf_s":\(bpf),"peak_rss_bytes":\(cost.peakResidentBytes)},\
      "tables":\(Self.object(cost.tables)),"programs":\(programs),\
      "events":[\(events.joined(separator: ","))]\(verification)}

      """
  }

  private static func ledger(_ profile: Profile) -> String {
    let ledger = profile.ledger
    let delivered = ledger.complete + ledger.partialTotal
    let seconds = Double(profile.facts.durationNanoseconds) / 1_000_000_000
    let partial = ledger.partial.map { ($0.rawValue, $1) }
    let dropped = ledger.dropped.map { ($0.rawValue, $1) }
    let value = profile.samples.reduce(0) { $0 &+ $1.value }
    return """
      "event":"\(profile.facts.event)","frequency":\(profile.facts.frequency),\
      "duration_s":\(seconds),"taken":\(ledger.taken),"complete":\(ledger.complete),\
      "partial":\(Self.object(partial)),"dropped":\(Self.object(dropped)),\
      "coverage":\(ledger.coverage),"unwound":{"kernel":\(ledger.walkedInKernel),"user":\(delivered - ledger.walkedInKernel),\
      "frame_pointer":\(ledger.framePointer)},"unit":"\(profile.sampleType.unit)","value":\(value)
      """
  }

  /// What was measured of an event's spans; empty where it has none.
  private func spans(_ event: Int) -> String {
    guard cost.spans.indices.contains(event), let figures = cost.spans[event] else { return "" }
    let seconds = max(0.001, Double(profiles[event].facts.durationNanoseconds) / 1_000_000_000)
    let share = figures.count == 0 ? 1 : Double(figures.sampled) / Double(figures.count)
    return """
      ,"spans":{"count":\(figures.count),"value":\(figures.value),\
      "per_second":\(Double(figures.count) / seconds),"sampled":\(figures.sampled),\
      "sampled_share":\(share),"weight_of_short":\(figures.alwaysAbove),\
      "unmeasured":\(figures.unmeasured)}
      """
  }

  /// Runs and nanoseconds of each program in the kernel.
  private var programs: String {
    let members = cost.programs.sorted { $0.name < $1.name }.map {
      "\"\($0.name)\":{\"runs\":\($0.count),\"ns\":\($0.nanoseconds)}"
    }
    return "{" + members.joined(separator: ",") + "}"
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
