import ELF
import LinuxHost
import Testing

@Suite struct ELFSectionTests {
  @Test func aCompressedSectionIsReadAsItWas() throws {
    let flags = ["-g", "-fno-asynchronous-unwind-tables"]
    let plain = try ELFImage(bytes: BuiltProgram(flags + ["-gz=none"]).bytes)
    let packed = try BuiltProgram(flags + ["-gz=zlib"])
    _ = try output(of: "objcopy", ["--compress-debug-sections=zlib", packed.path])
    let whole = try #require(plain.contents(of: .debugFrames, limit: 1 << 20))
    #expect(
      try ELFImage(bytes: bytes(of: packed.path)).contents(of: .debugFrames, limit: 1 << 20)
        == whole)
    #expect(whole.count > 100)
    #expect(plain.contents(of: .debugFrames, limit: UInt64(whole.count) - 1) == nil)
    #expect(plain.contents(of: .goFunctions, limit: 1 << 20) == nil)
  }

  @Test func aSymbolIsFoundByItsName() throws {
    let program = try BuiltProgram()
    let image = try ELFImage(bytes: program.bytes)
    let line = try #require(
      try output(of: "nm", [program.path]).split(separator: "\n").first { $0.hasSuffix(" main") })
    #expect(image.address(ofSymbol: "main") == UInt64(line.prefix(16), radix: 16))
    #expect(image.address(ofSymbol: "mai") == nil)
    #expect(image.address(ofSymbol: "main", limit: 10) == nil)
    #expect(try ELFImage(#require(OpenFile(trusted: "/bin/true"))).address(ofSymbol: "main") == nil)
  }

  @Test func codeIsWhereTheExecutableSegmentsAre() throws {
    let image = try ELFImage(#require(OpenFile(trusted: Samples.libc)))
    let executable = image.segments.filter(\.isExecutable)
    #expect(image.executableRanges.map(\.lowerBound) == executable.map(\.address))
    #expect(image.hasUnwindFrameSection && image.hasSections)
    #expect(image.address(of: .frames) == image.unwindFrames?.lowerBound)
  }
}
