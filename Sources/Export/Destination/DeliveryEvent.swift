/// What happened on the way to a destination that somebody may want to log.
///
/// A destination that fails for a day is told of twice: when it begins, and when it is over.
package enum DeliveryEvent: Hashable, Sendable {
  /// The first failure after a success.
  case failing(reason: String)
  /// The first success after failures.
  case recovered(failures: Int, after: Duration)
  /// The server refused a batch for good.
  case dropped(BatchID, items: UInt32, reason: String)
  /// The server took a batch, but for some of its items.
  case rejected(BatchID, items: UInt64, message: String?)
}
