import ProfileModel

/// The frames of the sample at hand, in buffers that are used again and again.
struct WalkedStack {
  /// Kernel addresses, leaf first; all but the first are return addresses.
  var kernel: [UInt64] = []
  /// User addresses, leaf first, with `returnBit` set on return addresses.
  var user: [UInt64] = []
  var incomplete: IncompleteReason?
  var usedFramePointer = false
  var waker: SampleWaker?
  /// The address at which the walk ended, unless at the start of the thread.
  var missedAddress: UInt64?

  /// User addresses never have it.
  static let returnBit: UInt64 = 1 << 63

  mutating func reset() {
    kernel.removeAll(keepingCapacity: true)
    user.removeAll(keepingCapacity: true)
    incomplete = nil
    usedFramePointer = false
    missedAddress = nil
    waker = nil
  }
}
