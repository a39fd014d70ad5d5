import ProcessTracking
import ProfileModel

/// Compares the stacks that the kernel walked with what libunwind makes of the same registers and a
/// copy of the same stack, and with what the kernel's own step makes of them in user space.
package final class WalkComparison {
  /// Counts of samples.
  package struct Counts: Hashable, Sendable {
    /// Both walks found the same frames up to the start of the thread.
    package var equal: UInt64 = 0
    /// libunwind could not go on, mostly where the copy ended; up to there the frames are the same.
    package var prefix: UInt64 = 0
    package var different: UInt64 = 0
    /// Not comparable: for want of unwind information that it can read (Go has it in another form),
    /// libunwind's walk guessed by frame pointer, where the kernel's had a rule.
    package var guessed: UInt64 = 0
    /// The step over the copy found the same frames as in the kernel.
    package var stepEqual: UInt64 = 0
    package var stepDifferent: UInt64 = 0
    /// Mappings changed around the time of the sample.
    package var skipped: UInt64 = 0
  }

  private struct Moment: Hashable {
    var time: UInt64
    var tid: UInt32
  }

  /// What the copy of a stack leads to.
  struct Walk {
    var remote: WalkedStack
    /// Nil where the tables do not lead to the start of the thread.
    var step: [UInt64]?
  }

  package private(set) var counts = Counts()
  /// The first differences, in words.
  package private(set) var examples: [String] = []
  /// Whichever of the two records comes first waits for the other.
  private var stacks: [Moment: [UInt64]] = [:]
  private var walks: [Moment: Walk] = [:]

  private static let exampleLimit = 20
  private static let waitingLimit = 4_096

  func add(stack frames: [UInt64], of header: SampleHeader, in image: ProcessImage) {
    let moment = Moment(time: header.time, tid: header.tid)
    if let walk = walks.removeValue(forKey: moment) {
      compare(frames, walk, header, image)
    } else if stacks.count < Self.waitingLimit {
      stacks[moment] = frames
    }
  }

  func add(_ walk: Walk, of header: SampleHeader, in image: ProcessImage) {
    let moment = Moment(time: header.time, tid: header.tid)
    if let frames = stacks.removeValue(forKey: moment) {
      compare(frames, walk, header, image)
    } else if walks.count < Self.waitingLimit {
      walks[moment] = walk
    }
  }

  private func compare(
    _ frames: [UInt64], _ walk: Walk, _ header: SampleHeader, _ image: ProcessImage
  ) {
    let isStale = frames.contains {
      image.isStale(address: $0 & ~WalkedStack.returnBit, version: header.version)
    }
    guard !isStale else {
      counts.skipped += 1
      return
    }
    if let step = walk.step {
      if step == frames { counts.stepEqual += 1 } else { counts.stepDifferent += 1 }
    }
    guard !walk.remote.usedFramePointer || header.flags.contains(.framePointer) else {
      counts.guessed += 1
      return
    }
    let common = zip(frames, walk.remote.user).prefix { $0 == $1 }.count
    if common == walk.remote.user.count, walk.remote.incomplete != nil {
      counts.prefix += 1
    } else if common == frames.count, common == walk.remote.user.count {
      counts.equal += 1
    } else {
      counts.different += 1
      describe(frames, walk.remote, from: common, header, image)
    }
  }

  private func describe(
    _ frames: [UInt64], _ remote: WalkedStack, from common: Int, _ header: SampleHeader,
    _ image: ProcessImage
  ) {
    guard examples.count < Self.exampleLimit else { return }
    let name = String(decoding: SampleHeader.string(header.processName), as: UTF8.self)
    var text = "\(name) (\(header.pid)): \(frames.count) frames against \(remote.user.count)"
    for index in max(0, common - 1)...common {
      text += "; frame \(index): kernel \(Self.place(frames, index, image))"
      text += ", libunwind \(Self.place(remote.user, index, image))"
    }
    if let reason = remote.incomplete { text += "; libunwind ended: \(reason.rawValue)" }
    examples.append(text)
  }

  private static func place(_ frames: [UInt64], _ index: Int, _ image: ProcessImage) -> String {
    guard frames.indices.contains(index) else { return "-" }
    let address = frames[index] & ~WalkedStack.returnBit
    guard let range = image.range(at: address) else { return "0x" + String(address, radix: 16) }
    let offset = address - range.start + range.fileOffset
    return String(decoding: range.file.path, as: UTF8.self) + "+0x" + String(offset, radix: 16)
  }
}
