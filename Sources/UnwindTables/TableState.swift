/// How far the table of a file is.
package enum TableState: Hashable, Sendable {
  /// Nobody asked for it.
  case unrequested
  /// It is asked for: it waits, or its room is being made.
  case pending
  /// A builder is at it; to ask again changes nothing.
  case building
  /// The walker uses it.
  case ready
  /// The file has none that we could build; it is not tried again.
  case none
  /// It made room for another; asked for again, it is built again after a while.
  case evicted
  /// There was no room; asked for again, it is tried again after a while.
  case refused
}
