import Latency
import MetricModel
import Testing

/// What becomes of intervals over time: nothing falls, nothing is lost, and all is bounded.
@Suite struct LatencyTotalsTests {
  private static let second: UInt64 = 1_000_000_000
  private static let metric = "wick_syscall_duration_seconds"

  private func row(
    _ call: String, pid: UInt32 = 7, _ values: [UInt64] = [1_000], errors: [String: UInt64] = [:]
  ) -> LatencyRow {
    var row = LatencyRow(
      key: LatencyKey(pid: pid, startTime: 1, kind: 0), process: "p\(pid)", name: call,
      figure: LatencyFigure(.duration, ["call": call]))
    for value in values { row.histogram.record(value) }
    row.errors = errors
    return row
  }

  private func interval(_ rows: [LatencyRow], at seconds: UInt64 = 0) -> LatencyInterval {
    var interval = LatencyInterval(
      startUnixNanoseconds: seconds * Self.second, durationNanoseconds: Self.second, rows: rows)
    interval.endedAt = seconds * Self.second
    return interval
  }

  private func family(_ totals: LatencyTotals, _ name: String = metric) -> MetricFamily? {
    var batch = MetricBatch()
    totals.add(to: &batch)
    return batch.families.first { $0.descriptor.name == name }
  }

  /// Counts by the values of the labels.
  private func counts(_ totals: LatencyTotals) -> [[String]: UInt64] {
    let points = family(totals)?.histograms ?? []
    return Dictionary(points.map { ($0.labels.map(\.value), $0.histogram.count) }) { first, _ in
      first
    }
  }

  @Test func processesOfAServiceAddUpAlsoThoseThatHaveEnded() {
    var totals = LatencyTotals()
    totals.add(interval([row("read", pid: 1, [10, 20]), row("read", pid: 2)]), of: .syscalls) {
      _ in "shop"
    }
    totals.add(interval([row("read", pid: 3)], at: 5), of: .syscalls) { _ in "shop" }
    totals.add(interval([], at: 10), of: .syscalls) { _ in "shop" }
    #expect(counts(totals) == [["shop", "read"]: 4])
    #expect(family(totals)?.histograms.first?.histogram.sum == 2_030)
  }

  @Test func whatWasCountedAmongOthersStaysThereSoThatNoSeriesFalls() {
    var limits = LatencyTotals.Limits()
    limits.details = 2
    var totals = LatencyTotals(limits: limits)
    var before: [[String]: UInt64] = [:]
    var all: UInt64 = 0
    let calls = ["read", "write", "open", "close", "futex"]
    for round in 0..<40 as Range<UInt64> {
      // Each is among the greatest in its turn, but none so much that it takes another's place.
      let rows = calls.enumerated().map { index, call in
        row(call, Array(repeating: 1_000, count: (index * 7 + Int(round)) % 11 + 4))
      }
      all += rows.reduce(0) { $0 + $1.histogram.count }
      totals.add(interval(rows, at: round * 5), of: .syscalls) { _ in "shop" }
      let now = counts(totals)
      #expect(now.count <= 3)
      for (labels, count) in now { #expect(count >= before[labels] ?? 0, "\(labels)") }
      #expect(now.values.reduce(0, +) == all)
      before = now
    }
    #expect(before[["shop", "other"]] ?? 0 > 0)
  }

  @Test func aCallThatIsHotLaterHasThePlaceOfOneThatIsNotAnyMore() {
    var limits = LatencyTotals.Limits()
    limits.details = 1
    var totals = LatencyTotals(limits: limits)
    totals.add(interval([row("execve")]), of: .syscalls) { _ in "shop" }
    totals.add(interval([row("recvmsg")], at: 5), of: .syscalls) { _ in "shop" }
    #expect(counts(totals) == [["shop", "execve"]: 1, ["shop", "other"]: 1])
    totals.add(interval([row("recvmsg")], at: 120), of: .syscalls) { _ in "shop" }
    #expect(counts(totals) == [["shop", "recvmsg"]: 1, ["shop", "other"]: 1])
    #expect(family(totals)?.histograms.map(\.countedSince).max() == 120 * Self.second)
  }

  @Test func aCallWithFourTimesTheTimeOfOneThatHasHadItsPlaceForAMinuteHasItsPlace() {
    var limits = LatencyTotals.Limits()
    limits.details = 2
    var totals = LatencyTotals(limits: limits)
    func add(_ futex: UInt64, at seconds: UInt64) {
      let rows = [row("read", [1_000]), row("write", [9_000]), row("futex", [futex])]
      totals.add(interval(rows, at: seconds), of: .syscalls) { _ in "shop" }
    }
    // Nobody had a place before: the two greatest of the first interval.
    add(500, at: 0)
    add(8_000, at: 55)
    #expect(counts(totals) == [["shop", "write"]: 2, ["shop", "read"]: 2, ["shop", "other"]: 2])
    add(4_000, at: 100)
    #expect(counts(totals)[["shop", "futex"]] == nil)
    add(4_100, at: 105)
    // What was among others stays there, and what was replaced goes on there.
    #expect(
      counts(totals) == [["shop", "write"]: 4, ["shop", "futex"]: 1, ["shop", "other"]: 4])
    add(4_100, at: 110)
    #expect(
      counts(totals) == [["shop", "write"]: 5, ["shop", "futex"]: 2, ["shop", "other"]: 5])
  }

  @Test func aServiceCalledOtherIsAPartOfTheOverflow() throws {
    var totals = LatencyTotals()
    let rows = [
      row("read", pid: 1), row("read", pid: 2, [1, 2], errors: ["EIO": 3]), row("read", pid: 0),
    ]
    totals.add(interval(rows), of: .syscalls) { $0.key.pid == 2 ? "other" : "shop" }
    let family = try #require(self.family(totals))
    #expect(family.histograms.count == 2)
    #expect(family.isOverflow(1))
    #expect(counts(totals) == [["shop", "read"]: 1, ["other", "other"]: 3])
    // No other series has errors.
    let errors = try #require(self.family(totals, "wick_syscall_errors_total"))
    #expect(errors.isOverflow(0))
    #expect(errors.points.map(\.value) == [3])
    #expect(errors.points.first?.labels.map(\.name) == ["service", "call", "error"])
    #expect(errors.descriptor.kind == .counter && !errors.descriptor.help.isEmpty)
  }

  @Test func whatIsOfNoProcessIsToldAlsoWhereNothingElseIs() throws {
    var totals = LatencyTotals()
    totals.add(interval([row("read", pid: 0, [1, 2])]), of: .syscalls) { _ in "shop" }
    let family = try #require(self.family(totals))
    #expect(family.isOverflow(0))
    #expect(family.histograms.map(\.histogram.count) == [2])
    #expect(family.histograms.first?.labels.map(\.value) == ["other", "other"])
    #expect(family.descriptor.unit == .nanoseconds)
  }

  @Test func aClockThatIsSetBackAgesNothingAndNoSeriesBeginsAfterItIsTold() {
    var limits = LatencyTotals.Limits()
    limits.histograms = 1
    var totals = LatencyTotals(limits: limits)
    for (wall, monotonic, pid) in [(9_000, 10, 1), (5_000, 700, 2)] as [(UInt64, UInt64, UInt32)] {
      var next = interval([row("read", pid: pid)], at: wall)
      next.endedAt = monotonic * Self.second
      totals.add(next, of: .syscalls) { $0.process }
    }
    #expect(counts(totals) == [["p2", "read"]: 1])
    var batch = MetricBatch(timeUnixNanoseconds: 4_000 * Self.second)
    totals.add(to: &batch)
    #expect(batch.families.first?.histograms.map(\.countedSince) == [4_000 * Self.second])
  }

  @Test func seriesBeyondTheLimitAreOneAndAreCounted() throws {
    var limits = LatencyTotals.Limits()
    limits.histograms = 10
    limits.counters = 10
    var totals = LatencyTotals(limits: limits)
    for round in 0..<3 as Range<UInt64> {
      let rows = (1...100).map { row("read", pid: $0, errors: ["EIO": 2]) }
      totals.add(interval(rows, at: round), of: .syscalls) { $0.process }
    }
    let family = try #require(self.family(totals))
    #expect(family.histograms.count == 11)
    #expect(family.isOverflow(10))
    #expect(family.histograms[10].labels.map(\.value) == ["other", "other"])
    #expect(family.histograms[10].histogram.count == 270)
    let errors = try #require(self.family(totals, "wick_syscall_errors_total"))
    #expect(errors.points.count == 11)
    #expect(errors.points.reduce(0) { $0 + $1.value } == 600)
    var batch = MetricBatch()
    totals.addLosses(to: &batch)
    let told = batch.families.first { $0.descriptor.name == "wick_latency_overflows_total" }
    #expect(told?.points.map(\.value) == [270, 270])
  }

  @Test func aSeriesThatWasIdleForLongGivesItsPlaceToAnother() {
    var limits = LatencyTotals.Limits()
    limits.histograms = 1
    var totals = LatencyTotals(limits: limits)
    totals.add(interval([row("read", pid: 1)]), of: .syscalls) { $0.process }
    totals.add(interval([row("read", pid: 2)], at: 700), of: .syscalls) { $0.process }
    #expect(counts(totals) == [["p2", "read"]: 1])
  }

  @Test func whatHasNoProcessIsWithWhatHasNoRoom() {
    var totals = LatencyTotals()
    totals.add(
      interval([row("read"), row("read", pid: 0, [1, 2, 3])]), of: .syscalls
    ) { _ in "shop" }
    #expect(counts(totals) == [["shop", "read"]: 1, ["other", "other"]: 3])
  }

  @Test func nothingIsToldOfAServiceThatARuleDrops() {
    var totals = LatencyTotals()
    totals.add(interval([row("read", errors: ["EIO": 1])]), of: .syscalls) { _ in nil }
    #expect(counts(totals).isEmpty)
    #expect(family(totals, "wick_syscall_errors_total") == nil)
  }

  @Test func errorsAndCountsHaveTheirMetrics() {
    var totals = LatencyTotals()
    var tcp = LatencyRow(
      key: LatencyKey(pid: 1, startTime: 1, kind: 0), process: "p", name: "connect 10.0.0.1:80",
      figure: LatencyFigure(.connect))
    tcp.errors = ["ECONNREFUSED": 2, "QUEUE_FULL": 3]
    tcp.counts = ["retransmits": 4, "bytes_sent": 5, "connected": 6, "bytes_received": 7]
    totals.add(interval([tcp]), of: .tcp) { _ in "shop" }
    var dns = LatencyRow(
      key: LatencyKey(pid: 1, startTime: 1, kind: 0), process: "p", name: "10.0.0.2:53",
      figure: LatencyFigure(.duration, ["server": "10.0.0.2:53"]))
    dns.errors = ["NXDOMAIN": 1, "TIMEOUT": 2]
    dns.counts = ["NOERROR": 3, "queries": 6]
    totals.add(interval([dns]), of: .dns) { _ in "shop" }
    var batch = MetricBatch()
    totals.add(to: &batch)
    let told = batch.families.flatMap { family in
      family.points.map { point in
        "\(family.descriptor.name) \(point.labels.dropFirst().map(\.value)) \(Int(point.value))"
      }
    }
    #expect(
      Set(told) == [
        "wick_tcp_connect_failures_total [\"ECONNREFUSED\"] 2",
        "wick_tcp_listen_overflows_total [] 3", "wick_tcp_retransmits_total [] 4",
        "wick_tcp_bytes_total [\"sent\"] 5", "wick_tcp_bytes_total [\"received\"] 7",
        "wick_tcp_connections_total [\"client\"] 6",
        "wick_dns_responses_total [\"10.0.0.2:53\", \"NXDOMAIN\"] 1",
        "wick_dns_timeouts_total [\"10.0.0.2:53\"] 2",
        "wick_dns_responses_total [\"10.0.0.2:53\", \"NOERROR\"] 3",
        "wick_dns_queries_total [\"10.0.0.2:53\"] 6",
      ])
    #expect(batch.families.allSatisfy { !$0.descriptor.help.isEmpty })
  }

  @Test func theSlowestExemplarsAreKeptUntilTheyAreTold() {
    var totals = LatencyTotals()
    totals.add(interval([row("read")]), of: .syscalls) { _ in "shop" }
    for value in [5, 9, 1, 7, 3, 8] as [UInt64] {
      let exemplar = MetricExemplar(
        value: Double(value), timeUnixNanoseconds: value, pid: 7, tid: 8, stack: "f (m)")
      let figure = LatencyFigure(.duration, ["call": "read"])
      totals.add(exemplar, of: .syscalls, figure: figure, service: "shop")
      totals.add(exemplar, of: .syscalls, figure: figure, service: "unknown")
    }
    func values() -> [Double] {
      family(totals)?.histograms.flatMap { $0.exemplars.map(\.value) }.sorted() ?? []
    }
    #expect(values() == [5, 7, 8, 9])
    var batch = MetricBatch()
    totals.add(to: &batch)
    // It is older than those that were told, and came later.
    let late = MetricExemplar(value: 6, timeUnixNanoseconds: 1, pid: 7, tid: 8, stack: "")
    let figure = LatencyFigure(.duration, ["call": "read"])
    totals.add(late, of: .syscalls, figure: figure, service: "shop")
    var whole = MetricBatch()
    whole.append(batch)
    totals.forgetExemplars(upTo: whole.exemplarsUpTo)
    #expect(values() == [6])
    // The unknown service's.
    var told = MetricBatch()
    totals.addLosses(to: &told)
    let lost = told.families.first { $0.descriptor.name == "wick_latency_lost_total" }
    let label = MetricLabel("reason", "exemplar")
    #expect(lost?.points.first { $0.labels.contains(label) }?.value == 6)
  }
}
