import ELF
import LinuxHost
import ProcessTracking
import RemoteUnwinding
import UnwindTables

/// Lets the kernel walk the stacks of the processes that are sampled, and walks by the same tables.
///
/// A process is published when a sample of it could not be walked in the kernel, for that sample
/// says which program of which process it is; and a file's table is built when a stack has led
/// through it. So nothing is spent on what does not run.
final class KernelUnwinding {
  let tables: UnwindTables
  private let memory: TableMemory
  private let blocks: MappingBlocks
  /// Blocks by the image whose mappings they hold.
  private final class Publication {
    var block: PublishedBlock
    var mappings: [UnwindMapping]
    var program: ProgramIdentity

    init(_ block: PublishedBlock, _ mappings: [UnwindMapping], _ program: ProgramIdentity) {
      self.block = block
      self.mappings = mappings
      self.program = program
    }
  }

  init(memory: TableMemory, tables: UnwindTables) {
    self.memory = memory
    self.tables = tables
    blocks = MappingBlocks(memory: memory, tables: tables)
  }

  var statistics: (tables: TableStatistics, blocks: BlockStatistics) {
    (tables.statistics, blocks.statistics)
  }

  /// Bytes of the kernel's maps that hold tables and did not exist at the start.
  var grownKernelBytes: Int { memory.grownKernelBytes }

  /// Has the kernel know a program's mappings as we know them now.
  ///
  /// - Returns: where they are; nil if there was no room.
  @discardableResult
  func publish(_ image: ProcessImage, as program: ProgramIdentity) -> TableWalker.Block? {
    let mappings = image.ranges.map { mapping(of: $0, in: image) }
    if let known = image.publication as? Publication, known.mappings == mappings,
      known.program == program, blocks.isPublished(known.block, for: image.pid)
    {
      return TableWalker.Block(index: known.block.index, version: known.block.version)
    }
    guard
      let block = try? blocks.publish(pid: image.pid, identity: program, mappings: mappings)
    else {
      image.publication = nil
      return nil
    }
    image.publication = Publication(block, mappings, program)
    image.publishedVersion = block.version
    return TableWalker.Block(index: block.index, version: block.version)
  }

  /// Forgets programs that have ended or were replaced.
  func release(_ images: [ProcessImage]) {
    for image in images {
      // The number may be another program's by now.
      if let known = image.publication as? Publication,
        blocks.isPublished(known.block, for: image.pid)
      {
        blocks.remove(pid: image.pid)
      }
      image.publication = nil
    }
  }

  /// Walks a copied stack by the tables.
  func walk(
    _ sample: RawSample, stack: borrowing StackCopy, in block: TableWalker.Block,
    frames: inout [UInt64]
  ) -> TableWalker.Result {
    let walker = TableWalker(
      TableWalker.Tables(
        shards: memory.shards, directory: memory.directory, files: memory.files,
        rules: memory.rules, mappings: memory.mappings))
    return walker.walk(
      from: sample.registers, isReturnAddress: sample.header.flags.contains(.inSyscall),
      isAtBirth: sample.header.flags.contains(.atBirth), stack: stack, in: block,
      now: sample.header.time, frames: &frames)
  }

  /// Asks for the tables of the files that a stack leads through.
  func request(_ frames: [UInt64], in image: ProcessImage) {
    var lastFile: MappedFile?
    for frame in frames {
      let address = frame & ~WalkedStack.returnBit
      guard let range = image.range(at: address), range.file !== lastFile else { continue }
      lastFile = range.file
      guard case .executable(let file) = image.contents(of: range) else { continue }
      tables.request(number(of: file))
    }
  }

  /// Asks for the tables of all files that a program has mapped.
  func requestAll(of image: ProcessImage) {
    for range in image.ranges {
      guard case .executable(let file) = image.contents(of: range) else { continue }
      tables.request(number(of: file))
    }
  }

  private func mapping(of range: MappedRange, in image: ProcessImage) -> UnwindMapping {
    var mapping = UnwindMapping(start: range.start, end: range.end, bias: 0, file: SpecialFile.none)
    switch range.file.contents {
    case .executable(let file):
      guard let bias = file.bias(start: range.start, fileOffset: range.fileOffset) else {
        mapping.file = SpecialFile.unreadable
        return mapping
      }
      mapping.bias = bias
      mapping.file = number(of: file)
    case .generated: mapping.file = SpecialFile.generated
    // A file is opened when a stack leads through it; until then such a stack is copied.
    case .unopened: break
    case .unreadable: mapping.file = SpecialFile.unreadable
    }
    return mapping
  }

  private func number(of file: ExecutableFile) -> UInt32 {
    tables.number(of: file.image, key: file.image.identity.map { .file($0) } ?? .vdso)
  }
}
