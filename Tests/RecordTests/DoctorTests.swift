import Foundation
import Testing

extension RecordTests {
  /// The table of features, in both forms.
  @Suite struct DoctorTests {
    private struct Report: Decodable {
      struct Row: Decodable {
        var name: String
        var state: String
        var uses: String
        var cause: String?
        var loss: String?
        var remedy: String?
      }
      var healthy: Bool
      var kernel: String
      var capabilities: [String: Bool]
      var features: [Row]
    }

    private func report(_ text: String) throws -> Report {
      try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    }

    @Test func everythingThatRecordingNeedsWorksHere() throws {
      let finished = try Wick.run(["doctor", "--json"])
      let report = try report(finished.output)
      #expect((finished.status == 0) == report.healthy, "\(finished.output)")
      #expect(report.capabilities.count == 6)
      for name in ["sampling", "process lifetimes", "process targets", "process events"] {
        #expect(report.features.first { $0.name == name }?.state == "working")
      }
      #expect(report.features.allSatisfy { ["working", "missing", "absent"].contains($0.state) })
      for row in report.features where row.state != "working" {
        #expect(row.cause?.isEmpty == false && row.remedy?.isEmpty == false)
        #expect(row.loss?.isEmpty == false)
      }
    }

    @Test func whatIsMissingIsSaidWithItsRemedyAndWithoutColours() throws {
      let bare = [
        "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set=-all",
        "--inh-caps=-all", "--no-new-privs",
      ]
      let scratch = try Scratch()
      let copy = scratch.path("wick")
      try FileManager.default.copyItem(atPath: Wick.path, toPath: copy)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: scratch.path("."))
      let text = try RunningProgram("/usr/bin/setpriv", bare + [copy, "doctor"])
        .finish(limit: .seconds(20))
      #expect(text.status == 1, "\(text.errors)")
      #expect(text.output.contains("MISSING  sampling"))
      #expect(text.output.contains("why:   CAP_BPF and CAP_PERFMON missing"))
      #expect(text.output.contains("fix:   run as root, or grant CAP_SYS_PTRACE"))
      #expect(!text.output.contains("\u{1b}"))
      let json = try RunningProgram("/usr/bin/setpriv", bare + [copy, "doctor", "--json"])
        .finish(limit: .seconds(20))
      #expect(json.status == 1)
      let report = try report(json.output)
      #expect(!report.healthy)
      #expect(report.capabilities.values.allSatisfy { !$0 })
      #expect(report.features.first { $0.name == "sampling" }?.state == "missing")
    }
  }
}
