import RemoteUnwinding
import Testing

/// The frame that the kernel makes for a signal handler, in a file without unwind information.
@Suite struct SignalFrameTests {
  private static let base: UInt64 = 0x6000_0000

  /// `mov $15, %rax; syscall` at 0x100.
  private static func restorer() -> UnwindModule {
    let code: [UInt8] = [0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05]
    let image =
      [UInt8](repeating: 0x90, count: 0x100) + code + [UInt8](repeating: 0x90, count: 0x100)
    return UnwindModule(extent: 0..<UInt64(image.count), header: nil) { address, count in
      Array(image.dropFirst(Int(clamping: address)).prefix(count))
    }
  }

  private func found(_ words: [UInt64]) throws -> Found {
    let module = Self.restorer()
    let code = AddressSpace(places: [
      (Self.base..<Self.base + 0x300, .file(module, bias: Self.base)),
      (0x1000..<0x2000, .generated),
    ])
    let start = registers(at: Self.base + 0x100, stackPointer: SyntheticStack.bottom)
    return walk(try #require(StackWalker()), from: start, SyntheticStack(words), in: code)
  }

  @Test func theInterruptedRegistersAreTakenFromTheStack() throws {
    // 40 bytes, then R8–R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP.
    var words = [UInt64](repeating: 0, count: 30)
    words[5 + 10] = SyntheticStack.address(26)
    words[5 + 15] = SyntheticStack.address(24)
    words[5 + 16] = 0x1100
    words[27] = 0x1200  // the return address of the interrupted function
    let found = try found(words)
    #expect(found.frames == [Self.base + 0x100, 0x1100, 0x1200])
    #expect(found.end == .start)
  }

  @Test func aSignalFrameThatIsCutOffEndsTheWalk() throws {
    for count in 0..<22 {
      let found = try found([UInt64](repeating: 0x1100, count: count))
      #expect(found.frames == [Self.base + 0x100])
      #expect(found.end != .start)
    }
  }

  @Test func aSignalFrameThatReturnsToItselfEndsAtTheLimit() throws {
    var words = [UInt64](repeating: 0, count: 30)
    words[5 + 15] = SyntheticStack.bottom
    words[5 + 16] = Self.base + 0x100
    let found = try found(words)
    #expect(found.end == .tooManyFrames)
    #expect(found.frames.count == 1_024)
  }
}
