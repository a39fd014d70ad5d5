/// All that the agent tells about itself.
package struct AgentStatus: Hashable, Sendable {
  package var version: String
  /// Names the build; empty if it is unknown.
  package var build: String
  package var host: String
  package var pid: UInt32
  /// Both in nanoseconds since 1970-01-01 UTC; the clock may have been set in between.
  package var startedUnixNanoseconds: UInt64
  package var nowUnixNanoseconds: UInt64
  /// By a clock that is never set.
  package var uptime = Duration.zero
  package var phase = AgentPhase.starting
  package var sampling = SamplingStatus.starting
  package var stages: [StageStatus] = []
  package var features: [FeatureStatus] = []
  package var destinations: [DestinationStatus] = []
  /// Nil without destinations.
  package var spool: SpoolStatus?
  /// Nil before the first window has ended.
  package var window: WindowStatus?
  package var cost = CostStatus()
  package var errors = RecentErrors()

  package init(
    version: String, build: String = "", host: String, pid: UInt32,
    startedUnixNanoseconds: UInt64, nowUnixNanoseconds: UInt64
  ) {
    self.version = version
    self.build = build
    self.host = host
    self.pid = pid
    self.startedUnixNanoseconds = startedUnixNanoseconds
    self.nowUnixNanoseconds = nowUnixNanoseconds
  }
}
