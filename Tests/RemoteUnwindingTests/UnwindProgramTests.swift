import RemoteUnwinding
import Testing

/// Unwind programs that are right, and those that would end, stall or fatten whoever runs them.
@Suite struct UnwindProgramTests {
  private static let base: UInt64 = 0x5555_0000_0000
  private static let inside = base + SyntheticModule.function + 0x10
  private static let stack = SyntheticStack(
    [base + SyntheticModule.function + 0x20] + (1..<64).map { 0x90_0000 + $0 })

  private func step(_ module: UnwindModule, _ walker: StackWalker, limit: Int = 1) -> Found {
    let start = registers(at: Self.inside, stackPointer: SyntheticStack.bottom)
    return walk(
      walker, from: start, Self.stack, in: AddressSpace.file(module, at: Self.base), limit: limit)
  }

  private func end(_ program: [UInt8]) throws -> WalkEnd {
    step(SyntheticModule(program).module(), try #require(StackWalker()), limit: 2).end
  }

  /// An expression that computes the CFA.
  private func address(by expression: [UInt8]) -> [UInt8] {
    [0x0f, UInt8(expression.count)] + expression
  }

  @Test func aPlainProgramFindsItsCaller() throws {
    let found = step(SyntheticModule([]).module(), try #require(StackWalker()), limit: 3)
    #expect(found.frames == [Self.inside, Self.inside + 0x10, 0x90_0001])
    #expect(found.end == .noMapping)
    #expect(!found.usedFramePointer)
  }

  @Test func rowsApplyFromTheirAddressOn() throws {
    // After 0x20 bytes 16 more are on the stack.
    let module = SyntheticModule([0x60, 0x0e, 24]).module()
    let walker = try #require(StackWalker())
    let code = AddressSpace.file(module, at: Self.base)
    for (distance, caller) in [(0, 0), (0x1f, 0), (0x20, 2), (0x800, 2)] as [(UInt64, Int)] {
      let address = Self.base + SyntheticModule.function + distance
      let start = registers(at: address, stackPointer: SyntheticStack.bottom)
      let found = walk(walker, from: start, Self.stack, in: code, limit: 2)
      #expect(found.frames == [address, Self.stack.words[caller]])
    }
  }

  @Test func expressionsOfRealCompilersAreComputed() throws {
    // RSP + 8; the same by deref of a known word is not used here; and what PLT entries use.
    let plain = address(by: [0x77, 8])
    let table: [UInt8] = [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22]
    #expect(try end(plain) == .tooManyFrames)
    #expect(try end(address(by: table)) == .tooManyFrames)
  }

  @Test(
    arguments: [
      // INT64_MIN ÷ −1
      [0x0f, 12, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x09, 0xff, 0x1b],
      // modulo
      [0x0f, 5, 0x09, 0xff, 0x30, 0x1d, 0x77],
      // DW_OP_skip onto itself, and with something on the stack
      [0x0f, 3, 0x2f, 0xfd, 0xff], [0x0f, 4, 0x31, 0x2f, 0xfd, 0xff],
      // DW_OP_bra backwards
      [0x0f, 5, 0x31, 0x28, 0xfc, 0xff, 0x77],
      // a register that is saved in register 2^28, and one in 4096
      [0x09, 6, 0xff, 0xff, 0xff, 0x7f], [0x09, 6, 0x80, 0x20],
      // an expression longer than the program
      [0x0f, 0xff, 0x7f, 0x77, 8], [0x10, 6, 60, 0x77],
      // restore_state without remember_state
      [0x0b],
      // numbers that do not end
      [0x0e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      // unknown instructions
      [0x17], [0x1c], [0x2d], [0x3f],
    ] as [[UInt8]])
  func aHarmfulProgramIsRefusedEveryTime(_ program: [UInt8]) throws {
    let module = SyntheticModule(program).module()
    let walker = try #require(StackWalker())
    for _ in 0..<3 {
      let found = step(module, walker, limit: 2)
      #expect(found.end == .badUnwindInfo)
      #expect(found.frames == [Self.inside])
    }
  }

  @Test func aReturnAddressInARegisterThatDoesNotExistIsRefused() throws {
    for register in [[17], [0xff, 0x01], [0xff, 0xff, 0x7f]] as [[UInt8]] {
      let module = SyntheticModule([], returnRegister: register).module()
      #expect(step(module, try #require(StackWalker())).end != .start)
      #expect(step(module, try #require(StackWalker()), limit: 2).frames == [Self.inside])
    }
  }

  @Test func anAugmentationWithoutEndIsRefusedInTime() throws {
    var module = SyntheticModule([])
    for index in 0x109..<module.bytes.count { module.bytes[index] = UInt8(ascii: "z") }
    let took = try cpuTime {
      let found = step(module.module(), try #require(StackWalker()), limit: 2)
      #expect(found.frames == [Self.inside])
    }
    #expect(took < .seconds(1))
  }

  @Test func aFloodOfSavedStatesIsRefused() throws {
    let flood = SyntheticModule([UInt8](repeating: 0x0a, count: 60_000)).module()
    let walker = try #require(StackWalker())
    for _ in 0..<100 { #expect(step(flood, walker, limit: 2).end == .badUnwindInfo) }
    // As deep as any compiler goes is fine.
    let nested = [UInt8](repeating: 0x0a, count: 8) + [UInt8](repeating: 0x0b, count: 8)
    #expect(try end(nested) == .tooManyFrames)
  }

  @Test func refusingManyTimesTakesNoMemory() throws {
    let module = SyntheticModule([0x09, 6, 0xff, 0x7f]).module()
    let walker = try #require(StackWalker())
    for _ in 0..<1_000 { _ = step(module, walker) }
    // 50,000 leaked records of libunwind would be 4 MB in every round; what other tests take
    // meanwhile is not in all of them.
    let growths = try (0..<20).map { _ in
      let before = try residentKilobytes()
      for _ in 0..<50_000 { _ = step(module, walker) }
      return try residentKilobytes() - before
    }
    #expect(growths.contains { $0 < 1_000 })
  }

  @Test func aWalkThroughExpensiveFramesEndsInTime() throws {
    // 40,000 operations in each of 1,024 frames.
    let expression = [0x77, 8] + [UInt8](repeating: 0x96, count: 40_000)
    let count = UInt32(expression.count)
    let program = [
      0x0f, UInt8(count & 0x7f | 0x80), UInt8(count >> 7 & 0x7f | 0x80), UInt8(count >> 14),
    ]
    let module = SyntheticModule(program + expression).module()
    let walker = try #require(StackWalker())
    let words = [UInt64](repeating: Self.inside + 0x10, count: 2_000)
    let code = AddressSpace.file(module, at: Self.base)
    let start = registers(at: Self.inside, stackPointer: SyntheticStack.bottom)
    var found = Found(end: .start, frames: [], usedFramePointer: false)
    let took = cpuTime {
      found = walk(walker, from: start, SyntheticStack(words), in: code)
    }
    #expect(found.end == .badUnwindInfo)
    #expect(took < .seconds(1))
  }
}
