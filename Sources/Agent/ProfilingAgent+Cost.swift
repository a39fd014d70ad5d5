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
    let isMeasured = meter.look(at: now, kernelSeconds: figures?.bpfSeconds)
    let budget = settings.configuration.budget
    var cost = CostStatus()
    cost.cpuRatio = meter.processShare
    cost.kernelCPURatio = meter.kernelShare
    let maps = figures?.mapBytes ?? 0
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
      notes.bpfSeconds = figures?.bpfSeconds
      notes.mapBytes = maps
    }
    guard isMeasured, let resident = cost.residentBytes, budget.governor,
      resident + maps > UInt64(budget.memory)
    else { return }
    pipeline.relieve()
    logger.warning(
      "memory is above the budget",
      metadata: [
        "bytes": "\(resident + maps)", "budget_bytes": "\(budget.memory)",
        "remedy": "raise budget.memory, or lower profiling.max_table_memory",
      ])
  }

  func governor(_ figures: SamplerFigures?) -> CostStatus.Governor {
    guard let figures else { return .resting }
    return switch figures.governor {
    case .normal: .resting
    case .lowered: .slowed(cause: "the CPU budget")
    case .exceeded: .slowed(cause: "the CPU budget, which is exceeded all the same")
    case .burst: .burst(cause: "tasks wait for a CPU")
    }
  }
}
