/// How to sample what a process allocates.
package struct AllocationOptions: Sendable {
  package var pid: UInt32
  /// Bytes that a sample stands for; nil for what suits the rate at which the process allocates.
  package var period: Int?
  /// Whether to find out what is not freed.
  package var holds = false

  /// Whether a return is waited for only where it matters, if the kernel can (Linux 6.13).
  package var usesSessions = true

  package init(pid: UInt32) { self.pid = pid }

  /// Finer than this is as exact as one could wish.
  package static let finestPeriod = 64 << 10
  /// The kernel draws numbers of 32 bits.
  package static let periodLimit = 1 << 31
  /// Samples a second that are enough, and at which they cost a percent or two.
  private static let usefulRate = 2_000.0

  /// A period for a process that allocates so many bytes a second: a power of two.
  static func period(bytesPerSecond: Double) -> Int {
    var period = finestPeriod
    while Double(period) * usefulRate < bytesPerSecond, period < periodLimit { period *= 2 }
    return period
  }
}
