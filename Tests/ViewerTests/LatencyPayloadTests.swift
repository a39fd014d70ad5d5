import Foundation
import ProfileModel
import Testing

import ProfileFormats

@Suite struct LatencyPayloadTests {
  private func read(_ report: LatencyReport) throws -> PayloadReading {
    try PayloadReading(LatencyPayload(report).payload)
  }

  private func rows(_ report: LatencyReport) throws -> [[String: Any]] {
    let latency = try #require(try read(report).header["latency"] as? [String: Any])
    return try #require(latency["rows"] as? [[String: Any]])
  }

  private func counts(_ histogram: Any?) throws -> [Int: Int] {
    let fields = try #require(histogram as? [String: Any])
    let first = try #require(fields["first"] as? Int)
    let counts = try #require(fields["counts"] as? [Int])
    return Dictionary(uniqueKeysWithValues: zip(first..., counts)).filter { $0.value > 0 }
  }

  private func report(_ rows: [LatencyRow], intervals: Int = 1) -> LatencyReport {
    LatencyReport(
      title: "t",
      intervals: (0..<intervals).map {
        LatencyInterval(startUnixNanoseconds: UInt64($0) * 5_000, durationNanoseconds: 5_000)
      }, rows: rows)
  }

  @Test func anExemplarIsASampleOfItsOwnWithItsStackRootFirst() throws {
    var one = LatencyMaker("read")
    for _ in 0..<2 { one.exemplify(900, stack: ["main", "work", "k:vfs_read"]) }
    var other = LatencyMaker("write")
    other.exemplify(7, stack: ["main"], incomplete: .badFrame)
    let report = report([one.finished(), other.finished()])
    let samples = try read(report).samples
    #expect(
      samples.map(\.stack) == [
        ["main", "work", "vfs_read"], ["main", "work", "vfs_read"], ["main"],
      ])
    #expect(samples.map(\.first) == [900, 900, 7])
    #expect(samples.map(\.reason).map { $0 > 0 } == [false, false, true])
    let rows = try rows(report)
    #expect(rows.map { $0["exemplars"] as? Int } == [0, 2])
    #expect(rows.map { $0["exemplar_count"] as? Int } == [2, 1])
  }

  @Test func aHistogramKeepsItsBuckets() throws {
    var maker = LatencyMaker("read")
    for value in [UInt64(1), 2, 3, 1_000_000, 1_048_576, 1_048_577] { maker.observe(value) }
    let row = try #require(rows(report([maker.finished()])).first)
    #expect(try counts(row["histogram"]) == [-1: 1, 3: 1, 6: 1, 79: 2, 80: 1])
    #expect(row["count"] as? Int == 6)
    #expect(row["maximum"] as? Int == 1_048_577)
  }

  @Test func anIndexThatNoValueHasCountsAtTheEnd() throws {
    var histogram = LatencyHistogram(
      zeroCount: 4, firstIndex: 254, counts: [1, 2, 3, 0, 4])
    let row = LatencyRow(name: "", process: "", count: 10, histogram: histogram)
    histogram.firstIndex = .min
    let low = LatencyRow(name: "", process: "", count: 10, histogram: histogram)
    histogram.firstIndex = .max
    let high = LatencyRow(name: "", process: "", count: 10, histogram: histogram)
    let made = try rows(report([row, low, high])).map { try counts($0["histogram"]) }
    #expect(made == [[254: 1, 255: 9], [-1: 1, 0: 2, 1: 3, 3: 4], [255: 10]])
  }

  @Test func ofTheIntervalsOnlyThoseInWhichSomethingHappenedAreWritten() throws {
    var maker = LatencyMaker("read", intervals: 4)
    maker.observe(5, in: 1)
    maker.observe(5, in: 3, times: 9)
    let row = try #require(rows(report([maker.finished()], intervals: 4)).first)
    let overTime = try #require(row["over_time"] as? [[String: Any]])
    #expect(overTime.map { $0["at"] as? Int } == [1, 3])
    #expect(try overTime.map { try counts($0) } == [[9: 1], [9: 9]])
  }

  @Test(arguments: [600, 601, 1_000, 3_600])
  func moreIntervalsThanColumnsAreMergedAndNothingIsLost(_ intervals: Int) throws {
    var maker = LatencyMaker("read", intervals: intervals)
    for interval in 0..<intervals { maker.observe(UInt64(interval + 1), in: interval) }
    let report = report([maker.finished()], intervals: intervals)
    let latency = try #require(try read(report).header["latency"] as? [String: Any])
    let lengths = try #require(latency["interval_ns"] as? [Int])
    #expect(lengths.count <= 600 && lengths.reduce(0, +) == intervals * 5_000)
    let starts = try #require(latency["interval_us"] as? [Int])
    #expect(starts.count == lengths.count && starts.first == 0)
    let overTime = try #require(rows(report).first?["over_time"] as? [[String: Any]])
    #expect(try overTime.flatMap { try counts($0).values }.reduce(0, +) == intervals)
    #expect(overTime.allSatisfy { ($0["at"] as? Int ?? .max) < lengths.count })
  }

  @Test func missingAndSurplusHistogramsOverTimeAreNoMatter() throws {
    var maker = LatencyMaker("read", intervals: 3)
    for interval in 0..<3 { maker.observe(5, in: interval) }
    let row = maker.finished()
    for (intervals, shown) in [(0, 0), (1, 1), (3, 3), (5, 3)] {
      let made = try #require(rows(report([row], intervals: intervals)).first)
      #expect((made["over_time"] as? [Any])?.count == shown)
    }
  }

  @Test func noNameOfAReportStandsInThePageItself() {
    let page = String(
      decoding: LatencyPage.encode(LatencyFixtures.hostile(), gzip: Gzip.stored), as: UTF8.self)
    #expect(!page.contains("pwned"))
    #expect(page.components(separatedBy: "<script").count == 3)
    #expect(!page.contains("{{"))
  }
}
