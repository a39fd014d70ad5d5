/// What the agent knows of itself: its cost, its ledger, and where its data went.
///
/// A plain value, which whoever runs the agent fills in; all counters count since the agent began.
package struct AgentFigures: Sendable {
  package var version = ""
  /// What the program was built from, a commit for instance.
  package var commit = ""
  package var startUnixNanoseconds: UInt64 = 0
  /// The last time that a tick went through sampler, pipeline and exporter; 0 before the first.
  package var lastTickUnixNanoseconds: UInt64 = 0
  package var cost = AgentCost()
  /// Windows that were finished.
  package var windows: UInt64 = 0
  /// When the last window ended; 0 before the first.
  package var lastWindowUnixNanoseconds: UInt64 = 0
  /// One for each event that is sampled.
  package var events: [EventFigures] = []
  package var queue = QueueFigures()
  package var destinations: [DestinationFigures] = []
  /// Each feature by its name, and whether it works here.
  package var features: [(name: String, works: Bool)] = []

  package init() {}
}
