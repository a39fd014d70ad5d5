import ELF
import Foundation
import Glibc
import LinuxHost
import ProfileModel
import Testing

@Suite struct ELFImageTests {
  @Test(arguments: Samples.all) func segmentsAndNotesAgreeWithReadelf(_ path: String) throws {
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let listing = try output(of: "readelf", ["-lWn", path])
    var loads: [[UInt64]] = []
    var unwindHeader: Range<UInt64>?
    for line in listing.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let numbers = fields.dropFirst().compactMap {
        $0.hasPrefix("0x") ? UInt64($0.dropFirst(2), radix: 16) : nil
      }
      if fields.first == "LOAD" {
        let executable: UInt64 = line.contains(" R E ") ? 1 : 0
        loads.append([numbers[0], numbers[1], numbers[3], numbers[4], executable])
      }
      if fields.first == "GNU_EH_FRAME" { unwindHeader = numbers[1]..<numbers[1] + numbers[3] }
    }
    let segments = image.segments.map {
      [$0.fileOffset, $0.address, $0.fileSize, $0.memorySize, $0.isExecutable ? 1 : 0]
    }
    #expect(segments == loads)
    #expect(image.unwindHeader == unwindHeader)
    #expect(unwindHeader != nil)
    if let line = listing.split(separator: "\n").first(where: { $0.contains("Build ID: ") }) {
      #expect(image.buildID?.hex == line.split(separator: " ").last.map(String.init))
    } else {
      #expect(image.buildID == nil)
    }
  }

  @Test(arguments: Samples.all) func unwindFramesAreWhereTheSectionIs(_ path: String) throws {
    let image = try ELFImage(#require(OpenFile(trusted: path)))
    let line = try #require(
      try output(of: "readelf", ["-SW", path]).split(separator: "\n")
        .first { $0.contains(" .eh_frame ") })
    let fields = line.split(separator: " ").drop { $0 != ".eh_frame" }.map(String.init)
    let address = try #require(UInt64(fields[2], radix: 16))
    let offset = try #require(UInt64(fields[3], radix: 16))
    let size = try #require(UInt64(fields[4], radix: 16))
    #expect(image.unwindFrames == address..<address + size)
    #expect(image.fileOffset(ofAddress: address) == offset)
    #expect(image.address(ofFileOffset: offset) == address)
    let file = try #require(OpenFile(trusted: path))
    #expect(image.read(address: address, count: 64) == file.read(at: offset, count: 64))
  }

  @Test func withoutSectionsUnwindFramesAreFoundByTheirHeader() throws {
    var bytes = try BuiltProgram().bytes
    let whole = try ELFImage(bytes: bytes)
    bytes.patch(UInt64(0), at: 40)
    bytes.patch(UInt32(0), at: 60)
    let bare = try ELFImage(bytes: bytes)
    let frames = try #require(whole.unwindFrames)
    #expect(bare.unwindFrames?.lowerBound == frames.lowerBound)
    #expect(try #require(bare.unwindFrames).upperBound >= frames.upperBound)
    #expect(bare.unwindHeader == whole.unwindHeader)
    #expect(bare.buildID == whole.buildID)
    #expect(bare.symbols().count == 0)
  }

  @Test func pagesAreMappedWhole() throws {
    let image = try ELFImage(#require(OpenFile(trusted: Samples.swiftCore)))
    for segment in image.segments {
      let page = segment.fileOffset & ~4095
      let address = try #require(image.address(ofFileOffset: page))
      #expect(image.fileOffset(ofAddress: address) == page)
    }
    #expect(image.address(ofFileOffset: UInt64.max) == nil)
    #expect(image.fileOffset(ofAddress: UInt64.max) == nil)
    #expect(image.read(address: 1 << 60, count: 16).isEmpty)
    #expect(image.read(address: image.segments[0].address, count: Int.max).count > 0)
  }

  @Test func theVirtualDynamicObjectOfThisProcessHasNames() throws {
    let line = try #require(
      try output(of: "cat", ["/proc/\(getpid())/maps"]).split(separator: "\n")
        .first { $0.hasSuffix("[vdso]") })
    let ends = try #require(line.split(separator: " ").first).split(separator: "-")
    let start = try #require(UInt64(ends[0], radix: 16))
    let end = try #require(UInt64(ends[1], radix: 16))
    let memory = try #require(FileHandle(forReadingAtPath: "/proc/self/mem"))
    try memory.seek(toOffset: start)
    let image = try ELFImage(
      bytes: Array(#require(try memory.read(upToCount: Int(end - start)))))
    #expect(image.unwindFrames != nil)
    let table = image.symbols()
    let names = (image.segments[0].address..<image.segments[0].address + image.segments[0].fileSize)
      .compactMap { table.symbol(at: $0)?.name }
    #expect(Set(names).contains(Array("clock_gettime".utf8)))
  }

  @Test func aPositionDependentProgramSaysSo() throws {
    let fixed = try BuiltProgram(["-no-pie"])
    #expect(!(try ELFImage(bytes: bytes(of: fixed.path)).isPositionIndependent))
    #expect(try ELFImage(bytes: bytes(of: Samples.libc)).isPositionIndependent)
    #expect(try ELFImage(bytes: bytes(of: Samples.libc)).machine == .x86_64)
  }

  @Test func debugFramesAreFoundUnlessCompressed() throws {
    let flags = ["-g", "-fno-asynchronous-unwind-tables", "-gz=none"]
    let plain = try BuiltProgram(flags)
    let image = try ELFImage(bytes: bytes(of: plain.path))
    let frames = try #require(image.debugFrames)
    #expect(frames.size > 0)
    let file = try bytes(of: plain.path)
    // The first record of .debug_frame is a CIE: its id is all ones.
    #expect(file.integer(UInt32.self, at: Int(frames.fileOffset) + 4) == UInt32.max)
    _ = try output(of: "objcopy", ["--compress-debug-sections=zlib", plain.path])
    let section = try output(of: "readelf", ["-SW", plain.path])
      .split(separator: "\n").first { $0.contains(" .debug_frame ") }
    if try #require(section).contains(" C ") {
      #expect(try ELFImage(bytes: bytes(of: plain.path)).debugFrames == nil)
    }
  }

  @Test func aPipeIsNotOpened() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/pipe"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    #expect(OpenFile(trusted: path) == nil)
    #expect(OpenFile(trusted: directory.path) == nil)
  }
}
