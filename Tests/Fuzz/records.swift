// Fuzzes the readers of samples and the walk over a copied stack, with tables of any contents.
// Sources: Sources/Sampling/RawSample.swift Sources/Sampling/SampleHeader.swift Sources/Sampling/SampleWaker.swift Sources/Sampling/StackSample.swift Sources/BPFRuntime/RecordReader.swift Sources/BPFRuntime/MapMemory.swift Sources/BPFRuntime/BPFError.swift Sources/RemoteUnwinding/StackCopy.swift Sources/RemoteUnwinding/UserRegisters.swift Sources/RemoteUnwinding/TableWalker.swift Sources/UnwindTables/ProgramIdentity.swift.
// C sources: Sources/UnwindStep/walk.c.
//
// An input is what the beginning of each table holds, then a record.

import BPFShared

/// A map of the kernel, of which there are none here.
package struct BPFMap {
  package let descriptor: CInt
  package let name: String
}

/// The tables that the walk reads: in the product other code writes them, here the input does.
private final class Tables {
  /// How many bytes of an input go where: rows, directory, files, rules, mappings.
  private static let shares = [64, 32, 128, 64, 96]
  static let bytes = shares.reduce(0, +)

  private let memories: [MapMemory]

  init() {
    let counts = [SHARD_ROWS, DIRECTORY_ENTRIES, FILE_COUNT, RULE_COUNT, MAPPING_COUNT]
      .map(Int.init)
    let memories = zip(counts, [4, 8, 16, 8, 24]).compactMap { count, size in
      try? MapMemory(anonymous: count * size)
    }
    precondition(memories.count == counts.count)
    self.memories = memories
  }

  func fill(from input: [UInt8]) {
    var start = 0
    for (memory, share) in zip(memories, Self.shares) {
      let bytes = input[start..<start + share]
      memory.withWords(at: 0, count: share / 4) { words in
        for index in words.indices {
          let place = bytes.startIndex + index * 4
          words[index] = bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
      }
      start += share
    }
  }

  var walker: TableWalker {
    TableWalker(
      TableWalker.Tables(
        shards: [memories[0]], directory: memories[1], files: memories[2], rules: memories[3],
        mappings: memories[4]))
  }
}

nonisolated(unsafe) private let tables = Tables()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  guard input.count >= Tables.bytes else { return 0 }
  let bytes = Array(input[Tables.bytes...])
  let record = bytes.span.bytes
  if let sample = StackSample(record) {
    precondition(SampleHeader.bytes + sample.frames.count * 8 <= bytes.count)
  }
  guard let sample = RawSample(record) else { return 0 }
  for index in 0..<sample.header.kernelFrameCount { _ = RawSample.kernelFrame(index, of: record) }
  tables.fill(from: input)
  let first = walk(sample, record)
  tables.fill(from: input)
  precondition(walk(sample, record) == first)
  return 0
}

private func walk(_ sample: RawSample, _ record: RawSpan) -> [UInt64] {
  let stack = sample.stack(of: record)
  precondition(stack.count + sample.belowBytes == stack.bytes.byteCount)
  var frames = [UInt64](repeating: 0, count: 600)
  let result = tables.walker.walk(
    from: sample.registers, isReturnAddress: sample.header.flags.contains(.inSyscall),
    isAtBirth: sample.header.flags.contains(.atBirth), stack: stack,
    in: TableWalker.Block(index: 0, version: 1), now: sample.header.time, frames: &frames)
  precondition(frames.count <= 600 && result.end != WALK_CONTINUES.rawValue)
  return frames
}
