import Testing

@testable import Configuration

@Suite struct ReloadTests {
  private let text = """
    profiling: {frequency: 49}
    metrics: {interval: 30s}
    destinations:
    - {name: a, type: otlp, url: 'https://a', headers: {X-Key: canary1}}
    - {name: b, type: pyroscope, url: 'https://b'}
    """

  @Test func theDumpReadsAsTheSameConfiguration() throws {
    let configuration = try read(text)
    let again = try read(configuration.dump.replacing("'***'", with: "canary1"))
    #expect(again.destinations == configuration.destinations)
    #expect(ConfigurationReload(from: configuration, to: again).changes.isEmpty)
  }

  @Test func nothingChangesBetweenEquals() throws {
    #expect(ConfigurationReload(from: try read(text), to: try read(text)).changes == [])
  }

  @Test func whatChangedIsToldWithWhatItTakes() throws {
    let changed = """
      profiling: {frequency: 99}
      metrics: {interval: 15s, collectors: {arp: false}}
      destinations:
      - {name: a, type: otlp, url: 'https://a', headers: {X-Key: canary2}}
      - {name: c, type: otlp, url: 'https://c'}
      """
    let reload = ConfigurationReload(from: try read(text), to: try read(changed))
    #expect(
      reload.changes.map(\.description) == [
        "profiling.frequency: 49 -> 99",
        "metrics.interval: 30s -> 15s",
        "metrics.collectors.arp: none -> false (needs a restart)",
        "destinations[a].headers.X-Key: *** -> ***",
        "destinations[c].name: none -> c",
        "destinations[c].type: none -> otlp",
        "destinations[c].url: none -> https://c",
        "destinations[b].name: b -> none",
        "destinations[b].type: pyroscope -> none",
        "destinations[b].url: https://b -> none",
      ])
    #expect(reload.pending.map(\.key) == ["metrics.collectors.arp"])
    #expect(reload.concerns("destinations"))
    #expect(reload.concerns("metrics.collectors"))
    #expect(!reload.concerns("spool"))
  }
}
