/// How the agent is, in one word.
package enum OverallState: String, Hashable, Sendable, CaseIterable {
  /// It does all that it was asked to do.
  case ok
  /// It does its job, but something is lost or late, and somebody should know.
  case degraded
  /// It does not do its job: a restart is the remedy.
  case failed
}
