/// What the agent costs its host, and what it may cost.
package struct CostStatus: Hashable, Sendable {
  /// What the governor does about it.
  package enum Governor: Hashable, Sendable {
    /// It does nothing, for the cost is within the budget.
    case resting
    /// Sampling is slowed down; samples count for more than one.
    case slowed(cause: String)
    /// Sampling cannot be slowed down further, and it is still too much.
    case exceeded(cause: String)
    /// Sampling is faster for a while.
    case burst(cause: String)
    case off
  }

  /// CPU seconds of the process ÷ CPU seconds of the host, from 0 to 1.
  package var cpuRatio: Double?
  /// The same of its programs in the kernel; nil where the kernel does not measure it.
  package var kernelCPURatio: Double?
  package var residentBytes: UInt64?
  /// Maps of BPF programs.
  package var mapBytes: UInt64?
  /// The same ratio for both kinds of CPU together.
  package var cpuBudget: Double?
  /// For resident memory and maps together.
  package var memoryBudget: UInt64?
  package var governor = Governor.off

  package init() {}

  /// Whether more memory is held than may be.
  var isAboveMemory: Bool {
    guard let residentBytes, let memoryBudget else { return false }
    return residentBytes &+ (mapBytes ?? 0) > memoryBudget
  }
}

extension CostStatus.Governor {
  /// Stands in the JSON form.
  package var name: String {
    switch self {
    case .resting: "resting"
    case .slowed: "slowed"
    case .exceeded: "exceeded"
    case .burst: "burst"
    case .off: "off"
    }
  }

  package var cause: String? {
    switch self {
    case .resting, .off: nil
    case .slowed(let cause), .exceeded(let cause), .burst(let cause): cause
    }
  }
}
