/// How sending one batch has ended.
package enum DeliveryOutcome: Hashable, Sendable {
  /// The server has it, except for what it rejected.
  case accepted(rejected: UInt64, message: String?)
  /// Not now: the batch stays where it is.
  case later(Refusal)
  /// Never: the server does not want this batch, however often it is sent.
  case dropped(reason: String)

  package struct Refusal: Hashable, Sendable {
    /// One safe line with the remedy.
    package var reason: String
    /// What the server asked for.
    package var delay: Duration?
    /// It may be this batch that the server fails over, and not the server that has failed.
    package var suspectsBatch = false

    package init(reason: String, delay: Duration? = nil, suspectsBatch: Bool = false) {
      self.reason = reason
      self.delay = delay
      self.suspectsBatch = suspectsBatch
    }
  }
}
