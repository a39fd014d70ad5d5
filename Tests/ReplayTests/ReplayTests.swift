import BPFRuntime
import BPFShared
import Compression
import ELF
import Foundation
import LinuxHost
import RemoteUnwinding
import Testing
import UnwindTables
import Unwinding

@testable import Sampling

/// Captured samples, walked again by the kernel's step in user space.
@Suite struct ReplayTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  private static let names = [
    "frames", "plt", "recursion", "signal", "threads", "vdso",
  ]

  private static func bytes(_ name: String) throws -> [UInt8] {
    let file = folder.appendingPathComponent(name + ".capture")
    return try Gzip.decompress([UInt8](Data(contentsOf: file)), limit: 64 << 20)
  }

  @Test(arguments: names) func aCapturedStackIsFoundAgain(_ name: String) throws {
    let bytes = try Self.bytes(name)
    let decoded = Capture(bytes.span)
    let capture = try #require(decoded)
    #expect(capture.encoded() == bytes)
    #expect(capture.samples.count >= 5)
    let replay = try Replay(capture)
    for sample in capture.samples {
      let walk = try replay.walk(sample)
      let (end, frames) = try #require(walk)
      #expect(end == WALK_COMPLETE.rawValue)
      #expect(frames == sample.frames)
    }
  }

  @Test func aStackWithoutItsTopIsNotFoundWhole() throws {
    let bytes = try Self.bytes("recursion")
    let decoded = Capture(bytes.span)
    let capture = try #require(decoded)
    let replay = try Replay(capture)
    for var sample in capture.samples {
      sample.record.removeLast(64)
      // The header promises more than there is.
      let walk = try replay.walk(sample)
      #expect(walk == nil)
    }
  }

  @Test(arguments: ["plt", "signal"])
  func aCaptureThatIsCutOrChangedIsRefusedOrReplayed(_ name: String) throws {
    let bytes = try Self.bytes(name)
    for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 500)) {
      let cut = Capture(bytes.span.extracting(0..<count))
      #expect(cut == nil)
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      var changed = bytes
      changed[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8)
      guard let capture = Capture(changed.span), let replay = try? Replay(capture) else { continue }
      for sample in capture.samples { _ = try? replay.walk(sample) }
    }
  }
}

/// Tables and mappings of a capture, in memory of our own.
private final class Replay {
  private let memory: TableMemory
  private let tables: UnwindTables
  private let blocks: MappingBlocks
  private var numbers: [UInt32] = []
  private var pid: UInt32 = 0

  init(_ capture: Capture) throws {
    memory = try TableMemory()
    var images: [ELFImage] = []
    // Which program it is does not matter: an image stands for a file of the capture.
    for _ in capture.files {
      let program = try #require(OpenFile(trusted: "/proc/self/exe"))
      images.append(try ELFImage(program))
    }
    let known = zip(images, capture.files).map { (ObjectIdentifier($0), $1.table) }
    tables = UnwindTables(memory: memory) { image in
      known.first { $0.0 == ObjectIdentifier(image) }?.1
    }
    blocks = MappingBlocks(memory: memory, tables: tables)
    for (index, image) in images.enumerated() {
      let identity = FileIdentity(
        device: 1, inode: UInt64(index), size: 1, changeNanoseconds: 1)
      let number = tables.number(of: image, key: .file(identity))
      tables.request(number)
      numbers.append(number)
    }
    while tables.buildNext() == .worked {}
  }

  /// Nil if the record contradicts itself.
  func walk(_ sample: Capture.Sample) throws -> (UInt32, [UInt64])? {
    pid += 1
    let mappings = sample.mappings.map {
      UnwindMapping(
        start: $0.start, end: $0.end, bias: $0.bias,
        file: $0.file < Capture.firstFile ? $0.file : numbers[Int($0.file - Capture.firstFile)])
    }
    let block = try blocks.publish(
      pid: pid, identity: ProgramIdentity(startTime: 1, execCount: 1), mappings: mappings)
    let walker = TableWalker(
      TableWalker.Tables(
        shards: memory.shards, directory: memory.directory, files: memory.files,
        rules: memory.rules, mappings: memory.mappings))
    let record = unsafe sample.record.span.bytes
    guard let raw = RawSample(record) else { return nil }
    var frames = [UInt64](repeating: 0, count: 1_024)
    let result = walker.walk(
      from: raw.registers, isReturnAddress: raw.header.flags.contains(.inSyscall),
      isAtBirth: raw.header.flags.contains(.atBirth), stack: raw.stack(of: record),
      in: TableWalker.Block(index: block.index, version: block.version), now: 0, frames: &frames)
    return (result.end, frames)
  }
}
