import ELF
import Foundation
import RemoteUnwinding
import Testing

/// Real unwind information, with stacks made by hand.
@Suite struct RealFileTests {
  private static let libc = "/lib/x86_64-linux-gnu/libc.so.6"
  private static let base: UInt64 = 0x7f00_0000_0000

  private struct Library {
    let module: UnwindModule
    let image: ELFImage
    let code: AddressSpace

    init() throws {
      let image = try ELFImage(bytes: Array(Data(contentsOf: URL(fileURLWithPath: libc))))
      let ends = image.segments.map { $0.address + $0.fileSize }
      let extent = 0..<(ends.max() ?? 0)
      // Segments as they would lie in memory.
      module = UnwindModule(extent: extent, header: image.unwindHeader) { address, count in
        var bytes: [UInt8] = []
        for place in stride(from: address, to: address + UInt64(count), by: 4_096) {
          let part = image.read(address: place, count: min(4_096, count - bytes.count))
          bytes += part + [UInt8](repeating: 0, count: min(4_096, count - bytes.count) - part.count)
        }
        return bytes
      }
      self.image = image
      code = AddressSpace(places: [(base..<base + extent.upperBound, .file(module, bias: base))])
    }

    /// The address of a function, by the symbol table.
    func function(_ name: String) throws -> UInt64 {
      let tool = Process()
      tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      tool.arguments = ["readelf", "--dyn-syms", "-W", libc]
      let pipe = Pipe()
      tool.standardOutput = pipe
      try tool.run()
      let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      tool.waitUntilExit()
      let line = text.split(separator: "\n").first { $0.contains(" \(name)@@") }
      let fields = try #require(line).split(separator: " ")
      return try #require(UInt64(fields[1], radix: 16))
    }
  }

  @Test func theFirstInstructionOfAFunctionReturnsToWhatIsOnTopOfTheStack() throws {
    let library = try Library()
    let walker = try #require(StackWalker())
    #expect(library.module.isSearchable)
    for name in ["qsort", "getaddrinfo", "fopen", "system"] {
      let address = Self.base + (try library.function(name))
      let start = registers(at: address, stackPointer: SyntheticStack.bottom)
      let found = walk(
        walker, from: start, SyntheticStack([0x1234_5678, 0x9]), in: library.code)
      #expect(found.frames == [address, 0x1234_5678])
      #expect(found.end == .noMapping)
      #expect(!found.usedFramePointer)
    }
  }

  @Test func aCallerInTheSameFileIsWalkedThrough() throws {
    let library = try Library()
    let walker = try #require(StackWalker())
    let leaf = Self.base + (try library.function("fopen"))
    let caller = Self.base + (try library.function("qsort"))
    // The return address 1 lies in the first instruction of the caller: nothing was pushed yet.
    let start = registers(at: leaf, stackPointer: SyntheticStack.bottom)
    let found = walk(walker, from: start, SyntheticStack([caller + 1, 0x77, 0]), in: library.code)
    #expect(found.frames == [leaf, caller + 1, 0x77])
  }

  @Test func everyRealProgramOfTheLibraryIsAccepted() throws {
    let library = try Library()
    let walker = try #require(StackWalker())
    let code = try #require(library.image.segments.first { $0.isExecutable })
    let words = [UInt64](repeating: 0, count: 4_096)
    var refused = 0
    var steps = 0
    for offset in stride(from: code.address, to: code.address + code.fileSize, by: 61) {
      let start = registers(
        at: Self.base + offset, stackPointer: SyntheticStack.bottom,
        framePointer: SyntheticStack.address(512))
      let found = walk(walker, from: start, SyntheticStack(words), in: library.code, limit: 2)
      steps += 1
      if found.end == .badUnwindInfo { refused += 1 }
    }
    #expect(steps > 10_000)
    // Expressions dereference registers that are zero here; there are few.
    #expect(refused * 200 < steps)
  }

  @Test func aDamagedRealFileIsSurvived() throws {
    let library = try Library()
    let walker = try #require(StackWalker())
    var generator = SeededGenerator(state: 5)
    let header = try #require(library.image.unwindHeader)
    let frames = try #require(library.image.unwindFrames)
    let code = try #require(library.image.segments.first { $0.isExecutable })
    let whole = library.image.read(
      address: header.lowerBound, count: Int(frames.upperBound - header.lowerBound))
    for _ in 0..<50 {
      var bytes = whole
      for _ in 0..<2_000 {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        if place > 12 { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
      }
      let damaged = bytes
      let module = UnwindModule(extent: library.module.extent, header: header) { address, count in
        let skipped = Int(clamping: address < header.lowerBound ? header.lowerBound - address : 0)
        let first = Int(clamping: address < header.lowerBound ? 0 : address - header.lowerBound)
        guard skipped < count, first < damaged.count else { return [] }
        return [UInt8](repeating: 0, count: skipped)
          + damaged.dropFirst(first).prefix(count - skipped)
      }
      let space = AddressSpace(
        places: [(Self.base..<Self.base + module.extent.upperBound, .file(module, bias: Self.base))]
      )
      walker.forget()
      for _ in 0..<200 {
        let address = UInt64.random(
          in: code.address..<code.address + code.fileSize, using: &generator)
        let words = (0..<64).map { _ in
          Self.base
            + UInt64.random(in: code.address..<code.address + code.fileSize, using: &generator)
        }
        let start = registers(
          at: Self.base + address, stackPointer: SyntheticStack.bottom,
          framePointer: SyntheticStack.address(3))
        _ = walk(walker, from: start, SyntheticStack(words), in: space, limit: 16)
      }
    }
  }
}
