/// Something that wick can do on some hosts only.
package struct FeatureStatus: Hashable, Sendable {
  package enum State: String, Hashable, Sendable, CaseIterable {
    case working
    /// It is wanted and does not work.
    case missing
    /// The configuration does not ask for it.
    case off
  }

  package var name: String
  package var state: State
  package var cause: String?
  /// What does not work without it.
  package var loss: String?
  /// What the operator can do.
  package var remedy: String?

  package init(
    name: String, state: State, cause: String? = nil, loss: String? = nil, remedy: String? = nil
  ) {
    self.name = name
    self.state = state
    self.cause = cause
    self.loss = loss
    self.remedy = remedy
  }
}
