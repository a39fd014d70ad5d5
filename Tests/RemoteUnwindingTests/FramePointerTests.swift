import RemoteUnwinding
import Testing

/// Generated code is walked by frame pointers.
@Suite struct FramePointerTests {
  private let code = AddressSpace.generated(0x1000..<0x9000)
  private let bottom = SyntheticStack.bottom

  private func found(_ words: [UInt64], framePointer: UInt64, limit: Int = 1_024) throws -> Found {
    let walker = try #require(StackWalker())
    let start = registers(at: 0x1500, stackPointer: bottom, framePointer: framePointer)
    return walk(walker, from: start, SyntheticStack(words), in: code, limit: limit)
  }

  @Test func aChainThatEndsInZeroReachesTheStartOfTheThread() throws {
    let words = [
      0, SyntheticStack.address(3), 0x2000, SyntheticStack.address(6), 0x3000, 0, 0, 0x4000,
    ]
    let found = try found(words, framePointer: SyntheticStack.address(1))
    #expect(found.frames == [0x1500, 0x2000, 0x3000, 0x4000])
    #expect(found.end == .start)
    #expect(found.usedFramePointer)
  }

  @Test func aReturnAddressOfZeroIsTheStartOfTheThread() throws {
    let found = try found([0, 0], framePointer: SyntheticStack.address(0))
    #expect(found == Found(end: .start, frames: [0x1500], usedFramePointer: true))
  }

  @Test func aChainThatStaysOrGoesDownEnds() throws {
    for next in [1, 0] {
      let found = try found(
        [0, SyntheticStack.address(next), 0x2000, 0], framePointer: SyntheticStack.address(1))
      #expect(found == Found(end: .noUnwindInfo, frames: [0x1500, 0x2000], usedFramePointer: true))
    }
  }

  @Test func aFramePointerThatIsNoneEndsTheWalk() throws {
    let words = [UInt64](repeating: SyntheticStack.address(7), count: 8)
    for pointer in [0, 1, bottom - 8, bottom + 3, bottom + 1 << 21, UInt64.max, UInt64.max - 7] {
      let found = try found(words, framePointer: pointer)
      #expect(found.end == .noUnwindInfo)
      #expect(found.frames == [0x1500])
    }
  }

  @Test func aFrameBeyondTheCopySaysSo() throws {
    let found = try found([0, 0], framePointer: SyntheticStack.address(40))
    #expect(found.end == .beyondCopy)
  }

  @Test func aReturnToNowhereIsNoStep() throws {
    let found = try found(
      [SyntheticStack.address(2), 0xdead_0000, 0, 0], framePointer: SyntheticStack.address(0))
    #expect(found.end == .noUnwindInfo)
    #expect(found.frames == [0x1500])
  }

  @Test func anEmptyStackCopyEndsTheWalk() throws {
    #expect(try found([], framePointer: bottom).end == .beyondCopy)
  }

  @Test func theLimitOfFramesHolds() throws {
    let words = (0..<200).map { index in
      index % 2 == 0 ? SyntheticStack.address(index + 2) : 0x2000
    }
    let found = try found(words, framePointer: bottom, limit: 10)
    #expect(found.end == .tooManyFrames)
    #expect(found.frames.count == 10)
  }

  @Test func randomStacksNeverTrapAndNeverLoop() throws {
    var generator = SeededGenerator(state: 7)
    let walker = try #require(StackWalker())
    for _ in 0..<20_000 {
      let words = (0..<32).map { _ -> UInt64 in
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: SyntheticStack.address(Int.random(in: -2..<40, using: &generator))
        case 1: UInt64.random(in: 0x1000..<0x9000, using: &generator)
        case 2: 0
        default: UInt64.random(in: 0...UInt64.max, using: &generator)
        }
      }
      let pointer = words.randomElement(using: &generator) ?? 0
      let start = registers(at: 0x1500, stackPointer: bottom, framePointer: pointer)
      let found = walk(walker, from: start, SyntheticStack(words), in: code)
      // Every step needs two words further up.
      #expect(found.frames.count <= 17)
    }
  }
}
