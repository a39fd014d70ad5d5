import Foundation
import Testing

@testable import Configuration
@testable import HostMetrics

/// The default file and the manual page are made of the table; `RECORD=1` writes them anew.
@Suite struct ReferenceTests {
  private static let packaging = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "packaging")

  private func compare(_ text: String, with name: String) throws {
    let file = Self.packaging.appending(path: name)
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let recorded = try String(contentsOf: file, encoding: .utf8)
    #expect(text == recorded, "RECORD=1 writes \(name) anew")
  }

  @Test func theDefaultFileIsThatOfTheTable() throws {
    try compare(ConfigurationReference.defaultFile, with: "agent.yaml")
  }

  @Test func theManualPageIsThatOfTheTable() throws {
    try compare(ConfigurationReference.manual, with: "wick-agent.yaml.5")
  }

  @Test func theDefaultFileMeansTheDefaults() throws {
    #expect(try read(ConfigurationReference.defaultFile).dump == AgentConfiguration().dump)
  }

  @Test func everyLineOfTheDefaultFileCanBeTurnedOn() throws {
    let lines = ConfigurationReference.defaultFile.split(separator: "\n")
    // A comment has a blank behind the mark, a key has not.
    let turnedOn = lines.map { line in
      let rest = line.drop { $0 == " " }
      guard rest.hasPrefix("#"), !rest.hasPrefix("# "), rest.count > 1 else { return String(line) }
      return String(repeating: " ", count: line.count - rest.count) + rest.dropFirst()
    }
    let text = turnedOn.joined(separator: "\n")
    let configuration = try read(text)
    #expect(configuration.destinationEntries.map(\.name) == ["central", "local"])
    #expect(configuration.identity.rules.count == 2)
    #expect(
      configuration.profiling
        == {
          var profiling = ProfilingConfiguration()
          profiling.events = ["cpu", "runqueue"]
          profiling.windows = [NamedValue("off-cpu", .seconds(60))]
          return profiling
        }())
  }

  @Test func everyDefaultIsAllowed() throws {
    for document in AgentConfiguration.documents.flatMap(\.all) {
      guard let variable = document.variable, document.defaultValue != "none" else { continue }
      let value = document.defaultValue.replacing("'", with: "")
      #expect(problems("", environment: [variable: value]) == [], "\(variable)=\(value)")
    }
  }

  @Test func variablesAreUnique() {
    let variables = AgentConfiguration.documents.flatMap(\.all).compactMap(\.variable)
    #expect(Set(variables).count == variables.count)
    #expect(variables.contains("WICK_BUDGET_BURSTS_PRESSURE_PERCENT"))
    // Kubernetes makes variables of these forms.
    #expect(!variables.contains { $0.hasSuffix("_PORT") || $0.contains("_PORT_") })
  }

  @Test func everyCollectorOfTheHostCanBeTurnedOff() {
    let names = HostCollectors.all.map { type(of: $0).name } + [TextFileCollector.name]
    #expect(Set(names) == Set(MetricsConfiguration.collectorNames))
  }
}
