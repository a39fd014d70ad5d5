import Foundation
import ProfileModel
import Testing

@testable import Agent

@Suite struct SummaryTests {
  private func object(_ profile: Profile, bpfSeconds: Double? = 0.25) throws -> [String: Any] {
    let cost = RecordingCost(cpuSeconds: 1e-7, bpfSeconds: bpfSeconds, peakResidentBytes: 1 << 40)
    let text = RecordingSummary([profile], cost: cost).json
    #expect(text.hasSuffix("}\n"))
    #expect(text.split(separator: "\n").count == 1)
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any])
  }

  private func profile() -> Profile {
    var profile = Profile(sampleType: .cpu, period: 10)
    profile.facts.event = "cpu-clock"
    profile.facts.frequency = 99
    profile.facts.durationNanoseconds = 10_000_000_000
    profile.ledger.taken = 100
    profile.ledger.deliver(nil, count: 90)
    profile.ledger.deliver(.noMapping, count: 4)
    profile.ledger.deliver(.thirtyTwoBit, count: 1)
    profile.ledger.drop(.ringFull, count: 5)
    profile.ledger.framePointer = 7
    return profile
  }

  @Test func itHasExactlyTheDocumentedKeys() throws {
    let summary = try object(profile())
    #expect(
      Set(summary.keys) == [
        "event", "frequency", "duration_s", "taken", "complete", "partial", "dropped", "coverage",
        "unwound", "cost", "tables", "unit", "value", "programs", "events",
      ])
    let events = try #require(summary["events"] as? [[String: Any]])
    #expect(events.count == 1)
    #expect(events[0]["taken"] as? Int == 100)
    #expect(events[0]["spans"] == nil)
    let unwound = try #require(summary["unwound"] as? [String: Int])
    #expect(unwound == ["kernel": 0, "user": 95, "frame_pointer": 7])
    let cost = try #require(summary["cost"] as? [String: Double])
    #expect(cost == ["cpu_s": 1e-7, "bpf_s": 0.25, "peak_rss_bytes": Double(1 << 40)])
  }

  @Test func theNumbersAddUp() throws {
    let summary = try object(profile())
    #expect(summary["event"] as? String == "cpu-clock")
    #expect(summary["frequency"] as? Int == 99)
    #expect(summary["duration_s"] as? Double == 10)
    #expect(summary["coverage"] as? Double == 0.9)
    let partial = try #require(summary["partial"] as? [String: Int])
    let dropped = try #require(summary["dropped"] as? [String: Int])
    #expect(partial == ["no-mapping": 4, "32-bit-process": 1])
    #expect(dropped == ["ring-full": 5])
    let complete = try #require(summary["complete"] as? Int)
    #expect(summary["taken"] as? Int == complete + 5 + 5)
  }

  @Test func anEmptyRecordingIsValidToo() throws {
    let summary = try object(Profile(sampleType: .cpu, period: 1), bpfSeconds: nil)
    #expect(summary["taken"] as? Int == 0)
    #expect(summary["coverage"] as? Double == 1)
    #expect((summary["cost"] as? [String: Any])?["bpf_s"] is NSNull)
    #expect((summary["partial"] as? [String: Int])?.isEmpty == true)
  }

  @Test func theLargestNumbersAreValidToo() throws {
    var profile = profile()
    profile.ledger.taken = UInt64.max
    profile.ledger.complete = UInt64(Int64.max)
    profile.facts.durationNanoseconds = UInt64.max
    #expect(try object(profile)["taken"] != nil)
  }
}
