/// The frames that the kernel has sent once and then names by their hash alone.
///
/// Old ones are forgotten by halves: the stacks of the last epoch are kept until this one is full
/// too, because samples that name them may still be on their way.
struct SentStacks {
  private struct Generation {
    var ranges: [UInt64: Range<Int>] = [:]
    var frames: [UInt64] = []
  }

  private var current = Generation()
  private var last = Generation()
  /// Changes when the kernel has to send all stacks again.
  private(set) var epoch: UInt32 = 1

  /// Frames that a generation holds, 2 MiB.
  private let frameLimit: Int
  package static let defaultFrameLimit = 1 << 18

  init(frameLimit: Int = Self.defaultFrameLimit) { self.frameLimit = frameLimit }

  /// Keeps the frames of a stack for those that come after it.
  mutating func insert(_ frames: [UInt64], id: UInt64) {
    if current.frames.count + frames.count > frameLimit { beginEpoch() }
    let start = current.frames.count
    current.frames.append(contentsOf: frames)
    current.ranges[id] = start..<current.frames.count
  }

  /// The frames of a stack that was sent before; nil if that was missed.
  func frames(id: UInt64) -> [UInt64]? {
    for generation in [current, last] {
      if let range = generation.ranges[id] { return Array(generation.frames[range]) }
    }
    return nil
  }

  /// Asks for all stacks again.
  mutating func beginEpoch() {
    last = current
    current = Generation()
    epoch &+= 1
  }
}
