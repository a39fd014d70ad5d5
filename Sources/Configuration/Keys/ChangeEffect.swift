/// What it takes for a changed key to count.
package enum ChangeEffect: Hashable, Sendable {
  /// A reload is enough.
  case reload
  /// The agent must be started again.
  case restart
}
