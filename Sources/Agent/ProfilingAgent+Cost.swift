import AgentLog
import Configuration
import Health
import LinuxHost
import Logging

// What it costs, and what becomes of it.
extension ProfilingAgent {
  /// Looks after costs, and after a sampler that has ended.
  func look() {
    let now = Clock.monotonic()
    if let time = retrySampling, now >= time, shared.sampler == nil {
      retrySampling = nil
      startSampler()
    }
    pipeline.rest()
    let figures = shared.sampler?.figures
    let onDemand = allocations.cost
    let latency = latencies?.figures ?? LatencyFigures()
    let latencySeconds = latency.bpfSeconds.values.reduce(0, +)
    tellLatencies(latency)
    var bpfSeconds = figures?.bpfSeconds
    if onDemand.bpfSeconds + latencySeconds > 0 {
      bpfSeconds = (bpfSeconds ?? 0) + onDemand.bpfSeconds + latencySeconds
    }
    shared.sampler?.setBeside(
      kernelSeconds: latencySeconds, onceSeconds: latency.loadingSeconds)
    let isMeasured = meter.look(at: now, kernelSeconds: bpfSeconds)
    let budget = settings.configuration.budget
    var cost = CostStatus()
    cost.cpuRatio = meter.processShare
    cost.kernelCPURatio = meter.kernelShare
    let maps = (figures?.mapBytes ?? 0) + onDemand.mapBytes + latency.mapBytes
    // Pages of maps that are in our address space count once.
    cost.residentBytes = meter.memory.map { $0.residentBytes - min($0.mapBytes, $0.residentBytes) }
    cost.mapBytes = maps
    cost.cpuBudget = budget.cpuPercent / 100
    cost.memoryBudget = UInt64(budget.memory)
    cost.governor = budget.governor ? governor(figures) : .off
    if case .running(let event, _) = shared.sampling, let hertz = figures?.frequency, hertz > 0 {
      shared.sampling = .running(event: event, hertz: hertz)
    }
    let sampling = shared.sampling
    board.change { notes in
      notes.cost = cost
      notes.sampling = sampling
      notes.hertz = figures?.frequency ?? 0
      notes.bpfSeconds = bpfSeconds
      notes.latency = latency
      notes.mapBytes = maps
      notes.pauses = figures?.pauses ?? [:]
      notes.pausedSeconds = figures?.pausedSeconds ?? [:]
      notes.refused = figures?.refused ?? []
    }
    guard isMeasured else { return }
    tellQueue()
    guard let resident = cost.residentBytes else { return }
    shared.sampler?.setMemory(resident &+ maps)
    guard budget.governor, resident + maps > UInt64(budget.memory) else { return }
    pipeline.relieve()
    logger.warning(
      "memory is above the budget",
      metadata: [
        "bytes": "\(resident + maps)", "budget_bytes": "\(budget.memory)",
        "remedy": "raise budget.memory, or lower profiling.max_table_memory",
      ])
  }

  /// Says once that the queue's disk takes nothing, and that it does again.
  private func tellQueue() {
    let problem = shared.exporter?.queue.status.problem
    guard problem != queueProblem else { return }
    if let problem {
      logger.warning(
        "the queue is in memory alone",
        metadata: [
          "cause": "\(problem)", "directory": "\(settings.configuration.spool.directory)",
          "loss": "what is queued is lost when wick ends, and dropped when memory is full",
        ])
      board.add(error: problem, of: "spool")
    } else {
      logger.notice("the queue is on disk again")
    }
    queueProblem = problem
  }

  func governor(_ figures: SamplerFigures?) -> CostStatus.Governor {
    guard let figures else { return .resting }
    let budget = figures.isShortOfMemory ? "the memory budget" : "the CPU budget"
    return switch figures.governor {
    case .normal: .resting
    case .lowered: .slowed(cause: budget)
    case .exceeded: .exceeded(cause: budget)
    case .burst: .burst(cause: "tasks wait for a CPU")
    }
  }
}
