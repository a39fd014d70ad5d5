import Foundation
import ProfileFormats
import ProfileModel
import Testing

/// Writes the pages that `Scripts/test-browser` opens to `.build/viewer/`.
@Suite struct FixtureFileTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/viewer")

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
      case "large": Fixtures.large(stacks: 20_000, depth: 40, functions: 5_000)
      default: Profile(sampleType: .cpu, period: 1)
      }
    try write(HTMLFlameGraph.encode(profile, gzip: Gzip.stored), "\(name).html")
    try write(SVGFlameGraph.encode(profile), "\(name).svg")
  }

  @Test func aComparisonBecomesAPage() throws {
    let page = HTMLFlameGraph.encodeDiff(
      before: Fixtures.host(), after: Fixtures.host(regressed: true), gzip: Gzip.stored)
    try write(page, "diff.html")
  }
}
