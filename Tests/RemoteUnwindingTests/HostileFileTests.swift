import RemoteUnwinding
import Testing

/// Unwind sections that lie: none may trap, hang, or take memory.
@Suite struct HostileFileTests {
  private static let base: UInt64 = 0x5555_0000_0000

  private func exercise(_ module: UnwindModule, _ walker: StackWalker) {
    let code = AddressSpace.file(module, at: Self.base)
    let words = (0..<64).map { index -> UInt64 in
      index % 3 == 0
        ? Self.base + SyntheticModule.function + UInt64(index) * 8
        : SyntheticStack.address(index + 4)
    }
    for distance in [0, 1, 0x10, 0xfff, 0x1000] as [UInt64] {
      let start = registers(
        at: Self.base + SyntheticModule.function + distance,
        stackPointer: SyntheticStack.bottom, framePointer: SyntheticStack.address(2))
      walker.forget()
      let took = cpuTime {
        _ = walk(walker, from: start, SyntheticStack(words), in: code, limit: 64)
      }
      #expect(took < .seconds(1))
    }
  }

  private let program: [UInt8] = [
    0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x0a, 0x60, 0x0c, 7, 8, 0x0b, 0x10, 3, 2, 0x77, 0,
    0x02, 200, 0x0e, 32,
  ]

  @Test func everyTruncationIsSurvived() throws {
    let whole = SyntheticModule(program)
    let walker = try #require(StackWalker())
    for count in 0...whole.bytes.count {
      let bytes = Array(whole.bytes.prefix(count))
      let module = UnwindModule(extent: 0..<UInt64(SyntheticModule.imageBytes), header: 0..<20) {
        address, wanted in Array(bytes.dropFirst(Int(clamping: address)).prefix(wanted))
      }
      exercise(module, walker)
    }
  }

  @Test func headersOfEverySizeAreSurvived() throws {
    let whole = SyntheticModule(program)
    let walker = try #require(StackWalker())
    for size in UInt64(0)..<64 {
      let module = whole.module(headerBytes: size)
      #expect(module.isSearchable == (size >= 20))
      exercise(module, walker)
    }
  }

  @Test func countsThatLieAreRefusedOrBounded() throws {
    let walker = try #require(StackWalker())
    for count in [0, 2, 3, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32] {
      var module = SyntheticModule(program)
      module.bytes.replaceSubrange(8..<12, with: SyntheticModule.word(count))
      #expect(!module.module().isSearchable)
      exercise(module.module(headerBytes: UInt64.max), walker)
    }
  }

  @Test func lengthsThatLieAreSurvived() throws {
    let walker = try #require(StackWalker())
    let whole = SyntheticModule(program)
    for value in [0, 1, 4, 0x7fff_ffff, 0xffff_fff0, 0xffff_fffe, 0xffff_ffff] as [UInt32] {
      for offset in [0x100, 0x104, 0x11a, 0x11e, 0x122, 0x126] {
        var module = whole
        module.bytes.replaceSubrange(offset..<offset + 4, with: SyntheticModule.word(value))
        exercise(module.module(), walker)
      }
    }
  }

  @Test func thousandsOfDamagedImagesAreSurvived() throws {
    let walker = try #require(StackWalker())
    var generator = SeededGenerator(state: 42)
    let whole = SyntheticModule(program)
    let places = Array(0..<20) + Array(0x100..<whole.bytes.count)
    for _ in 0..<3_000 {
      var module = whole
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let place = places.randomElement(using: &generator) ?? 0
        module.bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      exercise(module.module(), walker)
    }
  }

  @Test func thousandsOfRandomProgramsAreSurvived() throws {
    let walker = try #require(StackWalker())
    var generator = SeededGenerator(state: 43)
    for _ in 0..<6_000 {
      let program = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? UInt8.random(in: 0..<0x30, using: &generator)
          : UInt8.random(in: 0...255, using: &generator)
      }
      exercise(SyntheticModule(program).module(), walker)
    }
  }

  @Test func aSparseFileOfAnySizeTakesBoundedMemory() throws {
    // Every read finds something: a header that claims 2^31 entries in a file of 2^62 bytes.
    var read = 0
    var header: [UInt8] = [1, 0x1b, 3, 0x3b, 0, 0, 0, 0, 0, 0, 0, 0x80]
    header += [UInt8](repeating: 0, count: 4)
    let start = header
    let module = UnwindModule(extent: 0..<1 << 62, header: 0..<1 << 61) { address, count in
      read += count
      return address == 0
        ? Array((start + [UInt8](repeating: 0, count: count)).prefix(count))
        : [UInt8](repeating: 0, count: count)
    }
    let walker = try #require(StackWalker())
    let code = AddressSpace(places: [(0..<1 << 47, .file(module, bias: 0))])
    var generator = SeededGenerator(state: 3)
    for _ in 0..<5_000 {
      let address = UInt64.random(in: 1..<1 << 47, using: &generator)
      let start = registers(at: address, stackPointer: SyntheticStack.bottom)
      _ = walk(walker, from: start, SyntheticStack([0]), in: code, limit: 4)
    }
    #expect(module.isSearchable)
    #expect(read <= 512 * 65_536 + 64)
  }
}
