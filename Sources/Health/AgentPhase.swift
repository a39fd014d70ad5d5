/// Where the agent is in its life.
package enum AgentPhase: String, Hashable, Sendable, CaseIterable {
  /// The first window has not begun.
  case starting
  case running
  /// It flushes what it has.
  case stopping
}
