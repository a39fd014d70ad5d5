import Health
import Testing

@Suite struct VerdictTests {
  @Test func anAgentThatDoesAllItShouldIsOk() {
    let status = AgentStatus.healthy
    #expect(status.overall == .ok)
    #expect(status.reasons.isEmpty)
    #expect(status.isReady)
  }

  @Test func anUnreachableDestinationDegradesAndDoesNotFail() {
    var status = AgentStatus.healthy
    status.destinations[0].state = .failing
    status.destinations[0].lastError = RecentError(
      subject: "central", message: "connection refused", unixNanoseconds: AgentStatus.time)
    #expect(status.overall == .degraded)
    #expect(status.isReady)
    #expect(
      status.reasons == ["destination central does not accept batches: connection refused"])
  }

  @Test func aStageThatHasNotTickedFails() {
    var status = AgentStatus.healthy
    status.stages[1].sinceTick = .seconds(61)
    #expect(status.overall == .failed)
    #expect(!status.isReady)
    #expect(status.reasons[0].hasPrefix("stage exporter hangs: it last came round 1 min 1 s ago"))
    status.stages[1].sinceTick = .seconds(60)
    #expect(status.overall == .ok)
  }

  @Test func samplingThatIsImpossibleDegradesAndSamplingThatDiedFails() {
    var status = AgentStatus.healthy
    status.sampling = .impossible(cause: "CAP_BPF missing")
    #expect(status.overall == .degraded)
    status.sampling = .dead(cause: "the ring is gone")
    #expect(status.overall == .failed)
    status.sampling = .off
    #expect(status.overall == .ok)
  }

  @Test func aMissingFeatureAndASpoolInMemoryDegrade() {
    var status = AgentStatus.healthy
    status.features.append(
      FeatureStatus(name: "kernel symbols", state: .missing, cause: "CAP_SYSLOG missing"))
    status.features.append(FeatureStatus(name: "bursts", state: .off))
    status.spool?.problem = "read-only file system"
    #expect(status.overall == .degraded)
    #expect(
      status.reasons == ["kernel symbols: CAP_SYSLOG missing", "spool: read-only file system"])
  }

  @Test func whatCostsMoreThanItMayDegrades() {
    var status = AgentStatus.healthy
    status.cost.governor = .slowed(cause: "the CPU budget")
    #expect(status.overall == .ok)
    status.cost.governor = .exceeded(cause: "the CPU budget")
    #expect(
      status.reasons == ["fewer samples cannot be taken, and the CPU budget is exceeded"])
    status.cost.governor = .slowed(cause: "the memory budget")
    status.cost.residentBytes = 100 << 20
    status.cost.mapBytes = 50 << 20
    status.cost.memoryBudget = 150 << 20
    #expect(status.overall == .ok)
    status.cost.mapBytes = 51 << 20
    #expect(status.reasons == ["memory is above its budget"])
    #expect(status.isReady)
    status.cost.governor = .off
    #expect(status.overall == .ok)
  }

  @Test func anAgentIsReadyOnlyWhileItRuns() {
    var status = AgentStatus.healthy
    status.phase = .starting
    #expect(!status.isReady)
    #expect(status.overall == .ok)
    status.phase = .stopping
    #expect(!status.isReady)
  }

  @Test func errorsThatRepeatAreCountedAndTheRingIsBounded() {
    var errors = RecentErrors(limit: 3)
    for second in 0..<5 {
      errors.append(
        RecentError(
          subject: "central", message: "refused", unixNanoseconds: UInt64(second)))
    }
    #expect(errors.errors.map(\.count) == [5])
    for number in 0..<7 {
      errors.append(RecentError(subject: "x", message: "\(number)", unixNanoseconds: 9))
    }
    #expect(errors.errors.map(\.message) == ["4", "5", "6"])
  }

  @Test(arguments: [
    ("https://collector:4318/v1", "collector:4318"), ("http://u:p@host/x@y", "host"),
    ("u:p@host", "host"), ("http://u:p@ss@host?u@v", "host"), ("", ""), ("http://", ""),
    ("https://[::1]:4318/#a@b", "[::1]:4318"), ("http://a\u{1b}[31m/", "a\u{FFFD}[31m"),
  ])
  func onlyTheHostOfAURLIsKept(_ url: String, _ host: String) {
    let status = DestinationStatus(name: "x", kind: "otlp", url: url, state: .idle)
    #expect(status.host == host)
  }

  @Test func anErrorShowsNoUserOfAURL() {
    let error = RecentError(
      subject: "central", message: "POST https://me:CANARY@host/v1: refused by x@y\nline",
      unixNanoseconds: 0)
    #expect(error.message == "POST https://***@host/v1: refused by x@y\u{FFFD}line")
  }
}
