/// The frames that the kernel has sent once and then names by their hash alone.
///
/// Old ones are forgotten by halves: the stacks of the last epoch are kept until this one is full
/// too, because samples that name them may still be on their way.
struct SentStacks {
  private struct Generation {
    var ranges: [UInt64: Range<Int>] = [:]
    /// As many as there may be from the start on, so that memory does not grow for hours.
    var frames: [UInt64]
    var filled = 0

    init(frameLimit: Int) {
      frames = Array(repeating: 0, count: frameLimit)
      ranges.reserveCapacity(frameLimit / Self.usualFrames)
    }

    private static let usualFrames = 16

    mutating func clear() {
      ranges.removeAll(keepingCapacity: true)
      filled = 0
    }
  }

  private var current: Generation
  private var last: Generation
  /// Changes when the kernel has to send all stacks again.
  private(set) var epoch: UInt32 = 1

  /// Frames that a generation holds: 512 KiB at the usual frequency, and more where a generation would
  /// be full before the kernel hears of the next.
  private let frameLimit: Int
  private static let usualFrequency = 200

  init(frequency: Int) {
    self.init(frameLimit: frequency <= Self.usualFrequency ? 1 << 16 : 1 << 18)
  }

  init(frameLimit: Int) {
    self.frameLimit = frameLimit
    current = Generation(frameLimit: frameLimit)
    last = Generation(frameLimit: frameLimit)
  }

  /// Keeps the frames of a stack for those that come after it.
  mutating func insert(_ frames: [UInt64], id: UInt64) {
    guard frames.count <= frameLimit else { return }
    if current.filled + frames.count > frameLimit { beginEpoch() }
    let start = current.filled
    for frame in frames {
      current.frames[current.filled] = frame
      current.filled += 1
    }
    current.ranges[id] = start..<current.filled
  }

  /// The frames of a stack that was sent before; nil if that was missed.
  func frames(id: UInt64) -> [UInt64]? {
    if let range = current.ranges[id] { return Array(current.frames[range]) }
    return last.ranges[id].map { Array(last.frames[$0]) }
  }

  /// Asks for all stacks again.
  mutating func beginEpoch() {
    swap(&current, &last)
    current.clear()
    epoch &+= 1
  }
}
