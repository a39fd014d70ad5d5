import Health

extension AgentStatus {
  /// 2026-11-21 07:45:56 UTC.
  static let time: UInt64 = 1_795_247_156_000_000_000

  /// An agent that does all it should.
  static var healthy: AgentStatus {
    var status = AgentStatus(
      version: "0.1.0", build: "1a2b3c4d", host: "node-7", pid: 812,
      startedUnixNanoseconds: time - 4_000_000_000_000, nowUnixNanoseconds: time)
    status.uptime = .seconds(4_000)
    status.phase = .running
    status.sampling = .running(event: "cpu-clock", hertz: 99)
    status.stages = [
      StageStatus(name: "sampler", sinceTick: .milliseconds(80), limit: .seconds(30)),
      StageStatus(name: "exporter", sinceTick: .seconds(4), limit: .seconds(60)),
    ]
    status.features = [FeatureStatus(name: "sampling", state: .working)]
    status.window = WindowStatus(
      endUnixNanoseconds: time - 4_000_000_000, duration: .seconds(10), taken: 1_204,
      delivered: 1_190, dropped: ["ring-full": 14], coverage: 0.9876)
    status.spool = SpoolStatus(bytes: 1_258_291, quotaBytes: 256 << 20, batches: 12)
    status.cost.cpuRatio = 0.0052
    status.cost.kernelCPURatio = 0.001
    status.cost.cpuBudget = 0.01
    status.cost.residentBytes = 48 << 20
    status.cost.mapBytes = 20 << 20
    status.cost.memoryBudget = 150 << 20
    status.cost.governor = .resting
    status.destinations = [central]
    return status
  }

  static var central: DestinationStatus {
    var central = DestinationStatus(
      name: "central", kind: "otlp", url: "https://user:CANARY@collector:4318/x?token=CANARY",
      state: .ok)
    central.lastSuccessUnixNanoseconds = time - 2_000_000_000
    return central
  }
}
