/// Which latencies are measured.
package struct LatencyConfiguration: Hashable, Sendable {
  package var enabled = true
  package var kinds = allKinds
  /// Stacks of slow operations, on each CPU and of each kind; 0 for none.
  package var exemplarsPerMinute = 4

  static let allKinds = ["syscalls", "runqueue", "block", "tcp", "dns"]

  package init() {}
}

extension LatencyConfiguration {
  static let keys: [Key<Self>] = [
    .value("enabled", \.enabled, .truth, after: .restart, "Measure latencies."),
    .words(
      "kinds", \.kinds, limit: 5, .choice(of: allKinds), after: .restart,
      "What is measured: system calls, how long threads wait for a CPU (runqueue), requests to block "
        + "devices, TCP (connect, accept, round trips, lifetimes), DNS. What costs more than a "
        + "quarter of the budget rests for a while, which /health tells of.",
      example: ["- syscalls", "- runqueue", "- block", "- tcp", "- dns"]),
    .value(
      "exemplars_per_minute", \.exemplarsPerMinute,
      .count(0...1_000, "stacks on each CPU, of each kind"),
      after: .restart,
      "How many slow operations are told one by one, with their stack, as exemplars of the histograms "
        + "in OTLP. 0 for none."),
  ]
}
