import Dispatch

extension DispatchTime {
  /// A moment that is so far from now; the end of time if it is very far.
  static func after(_ duration: Duration) -> DispatchTime { now().later(by: duration) }

  func later(by duration: Duration) -> DispatchTime {
    let (seconds, attoseconds) = duration.components
    guard seconds < 1 << 31 else { return .distantFuture }
    return self + .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
  }
}
