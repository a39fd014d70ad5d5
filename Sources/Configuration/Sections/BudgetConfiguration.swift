/// What the agent may cost.
package struct BudgetConfiguration: Hashable, Sendable {
  /// Of all CPUs of the host, in percent.
  package var cpuPercent = 1.0
  /// Bytes, BPF maps included.
  package var memory = 150 << 20
  package var governor = true
  package var bursts = BurstConfiguration()

  package init() {}

  static let keys: [Key<Self>] = [
    .value(
      "cpu_percent", \.cpuPercent, .number(0.1...100, "percent of all CPUs of the host"),
      "What the agent may take, its BPF programs included."),
    .value(
      "memory", \.memory, .bytes(32 << 20...4 << 30), "What the agent may hold, BPF maps included."),
    .value(
      "governor", \.governor, .truth,
      "Lower the frequency while the budget is exceeded. Samples then weigh more, so that totals "
        + "stay right."),
    .section(
      "bursts", \.bursts, BurstConfiguration.keys,
      "Sample more often for a short time while the host is under pressure."),
  ]
}
