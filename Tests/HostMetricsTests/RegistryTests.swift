import LinuxHost
import MetricModel
import Synchronization
import Testing

@testable import HostMetrics

@Suite struct RegistryTests {
  private struct Simple: Collector {
    static let name = "simple"
    func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
      batch.add("simple_total", .counter, "Simple.", 1)
      return true
    }
  }

  private struct Failing: Collector {
    static let name = "failing"
    func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool { false }
  }

  /// Does not come back before it is let go.
  private final class Blocked: Collector {
    static let name = "blocked"
    let isOpen = Atomic(false)
    let runs = Atomic(0)

    func collect(from host: HostFiles, into batch: inout MetricBatch) -> Bool {
      runs.add(1, ordering: .relaxed)
      while !isOpen.load(ordering: .relaxed) { Clock.pause() }
      batch.add("blocked_total", .counter, "Blocked.", 1)
      return true
    }
  }

  private func registry(_ collectors: [any Collector]) -> MetricRegistry {
    var settings = MetricRegistry.Settings()
    settings.collectorLimit = .milliseconds(50)
    return MetricRegistry(roots: HostRoots(), settings: settings, collectors: collectors)
  }

  private func success(_ name: String) -> String {
    "node_scrape_collector_success{collector=\(name)}"
  }

  @Test func oneThatFailsDoesNotStopTheOthers() {
    let found = values(registry([Failing(), Simple()]).collect())
    #expect(found[success("failing")] == 0)
    #expect(found[success("simple")] == 1)
    #expect(found["simple_total{}"] == 1)
    #expect(found["node_scrape_collector_duration_seconds{collector=simple}"] != nil)
  }

  @Test func oneThatDoesNotComeBackIsLeftBehindUntilItDoes() {
    let blocked = Blocked()
    let registry = registry([blocked, Simple()])
    for _ in 0..<3 {
      let found = values(registry.collect())
      #expect(found[success("blocked")] == 0)
      #expect(found["simple_total{}"] == 1)
    }
    // It was not begun a second time, on a second thread.
    #expect(blocked.runs.load(ordering: .relaxed) == 1)
    blocked.isOpen.store(true, ordering: .relaxed)
    var found: [String: Double] = [:]
    for _ in 0..<2_000 where found[success("blocked")] != 1 {
      found = values(registry.collect())
      Clock.pause()
    }
    #expect(found[success("blocked")] == 1)
    #expect(found["blocked_total{}"] == 1)
  }

  @Test func severalThatDoNotComeBackAreEachLeftBehind() {
    let blocked = [Blocked(), Blocked()]
    let found = values(registry([blocked[0], Simple(), blocked[1]]).collect())
    #expect(found["simple_total{}"] == 1)
    #expect(blocked.allSatisfy { $0.runs.load(ordering: .relaxed) == 1 })
    for one in blocked { one.isOpen.store(true, ordering: .relaxed) }
  }

  @Test func theBatchHasItsTimeAndSinceWhenItCounts() {
    let before = Clock.wall()
    let batch = registry([Simple()]).collect()
    #expect((before...Clock.wall()).contains(batch.timeUnixNanoseconds))
    #expect(batch.countedSince > 0 && batch.countedSince < before)
    #expect(batch.families.first?.points.first?.countedSince == batch.countedSince)
  }

  @Test func theAgentTellsItsLedgerAndItsCost() {
    var figures = AgentFigures()
    figures.version = "1.2"
    figures.lastTickUnixNanoseconds = 1_500_000_000
    figures.cost = AgentCost.now(HostRoots())
    var event = EventFigures(name: "cpu")
    event.taken = 10
    event.complete = 7
    event.partial = ["bad-frame": 2]
    event.dropped = ["ring-full": 1]
    figures.events = [event]
    var destination = DestinationFigures(name: "a\"b")
    destination.isUp = false
    destination.dropped = ["quota": 4]
    figures.destinations = [destination]
    figures.features = [("sampling", true)]
    let told = figures
    let registry = MetricRegistry(roots: HostRoots(), agent: { told })
    let batch = registry.collect()
    let found = values(batch)
    #expect(found["wick_up{}"] == 1)
    #expect(found["wick_build_info{commit=,version=1.2}"] == 1)
    #expect(found["wick_last_tick_time_seconds{}"] == 1.5)
    #expect(found["wick_samples_dropped_total{event=cpu,reason=ring-full}"] == 1)
    #expect(found["wick_samples_partial_total{event=cpu,reason=bad-frame}"] == 2)
    #expect(found["wick_destination_up{destination=a\"b}"] == 0)
    #expect(found["wick_destination_dropped_batches_total{destination=a\"b,reason=quota}"] == 4)
    #expect(found["wick_resident_memory_bytes{}"] ?? 0 > 1_000_000)
    #expect(found["wick_cpu_seconds_total{}"] ?? 0 > 0)
    #expect(found["wick_threads{}"] ?? 0 >= 2)
    expectWholeText(batch)
  }
}
