import Foundation
import ProfileFormats
import ProfileModel
import Testing

/// Writes the pages that `Scripts/test-browser` opens to `.build/viewer/`.
@Suite struct FixtureFileTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/viewer")

  /// Distinct stacks of the large page; the target is 200,000, which a debug build takes long for.
  private static let stacks =
    ProcessInfo.processInfo.environment["WICK_LARGE_STACKS"].flatMap { Int($0) } ?? 20_000

  private func write(_ bytes: [UInt8], _ name: String) throws {
    try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: Self.folder.appending(path: name))
    #expect(bytes.count > 1_000)
  }

  @Test(arguments: ["host", "hostile", "large", "empty"])
  func aProfileBecomesAPageAndADrawing(_ name: String) throws {
    let profile =
      switch name {
      case "host": Fixtures.host()
      case "hostile": Fixtures.hostile()
      case "large": Fixtures.large(stacks: Self.stacks, depth: 40, functions: 5_000)
      default: Profile(sampleType: .cpu, period: 1)
      }
    try write(HTMLFlameGraph.encode(profile, gzip: Gzip.stored), "\(name).html")
    try write(SVGFlameGraph.encode(profile), "\(name).svg")
  }

  @Test(arguments: ["events", "hostile-events"])
  func severalEventsBecomeAPage(_ name: String) throws {
    let profiles = name == "events" ? EventFixtures.all() : EventFixtures.hostile()
    try write(HTMLFlameGraph.encode(profiles, gzip: Gzip.stored), "\(name).html")
  }

  @Test(arguments: ["service", "hostile", "large", "empty"])
  func latenciesBecomeAPage(_ name: String) throws {
    let report =
      switch name {
      case "service": LatencyFixtures.service()
      case "hostile": LatencyFixtures.hostile()
      case "large": LatencyFixtures.large(rows: 200, intervals: 1_500)
      default: LatencyReport(title: "system calls")
      }
    try write(LatencyPage.encode(report, gzip: Gzip.stored), "latency-\(name).html")
  }

  @Test func aComparisonBecomesAPage() throws {
    let page = HTMLFlameGraph.encodeDiff(
      before: Fixtures.host(), after: Fixtures.host(regressed: true), gzip: Gzip.stored)
    try write(page, "diff.html")
  }
}
