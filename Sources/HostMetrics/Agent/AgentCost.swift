package import LinuxHost

/// What the agent costs the host.
package struct AgentCost: Sendable {
  /// User and system time of our process, in seconds.
  package var cpuSeconds: Double = 0
  package var residentBytes: UInt64 = 0
  package var peakResidentBytes: UInt64 = 0
  package var descriptors: UInt64?
  package var threads: UInt64?
  /// Time of our BPF programs in seconds; nil where the kernel does not count it.
  package var bpfSeconds: Double?
  /// How long each probe of profiles has rested because of its cost, in seconds, by its name.
  package var pausedSeconds: [(probe: String, seconds: Double)] = []
  /// Memory of our BPF maps.
  package var bpfMapBytes: UInt64?
  /// What it may cost, as part of the host's CPU time, from 0 to 1; nil without a budget.
  package var budgetRatio: Double?
  /// What it has cost lately, likewise.
  package var usedRatio: Double?

  package init() {}

  /// Our process as it is now; what is about BPF is left to those who know.
  package static func now(_ roots: HostRoots) -> AgentCost {
    var cost = AgentCost()
    let use = ResourceUse.now()
    cost.cpuSeconds = use.cpuSeconds
    cost.peakResidentBytes = use.peakResidentBytes
    let folder = "\(roots.proc)/self"
    if let bytes = SystemFile.read("\(folder)/stat", limit: 4_096),
      let reading = ProcessReading(pid: 0, parsing: bytes)
    {
      cost.residentBytes = reading.residentPages &* Processes.pageBytes
      cost.threads = reading.threads
    }
    cost.descriptors = Processes.entryCount(of: "\(folder)/fd")
    return cost
  }
}
