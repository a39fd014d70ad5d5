import BPFRuntime
import BPFShared

/// Tells the walker what each process has mapped.
///
/// A block is written once and never changed: a process whose mappings change gets another one. A
/// walk that holds an entry with an old version finds the header's version different, and a walk
/// that is under way when a block is given up still reads what it was, because the place is used
/// again only after the grace period.
///
/// For the thread that consumes samples alone.
package final class MappingBlocks {
  private struct Block {
    let content: MappingList
    let extent: Extent
    let version: UInt64
    var users = 1
  }

  private let memory: TableMemory
  private let tables: UnwindTables
  private var places = ExtentAllocator(capacity: TableLayout.mappingCount)
  /// By the index of the header.
  private var blocks: [Int: Block] = [:]
  private var indices: [MappingList: Int] = [:]
  private var indexOfProcess: [UInt32: Int] = [:]
  private var givenUp = GracePeriod<Block>()
  private var lastVersion: UInt64 = 0
  private var refusals = 0
  private var truncated = 0

  package init(memory: TableMemory, tables: UnwindTables) {
    self.memory = memory
    self.tables = tables
  }
}

extension MappingBlocks {
  /// Lets the walker know the mappings of a process, in place of what it knew before.
  @discardableResult
  package func publish(pid: UInt32, identity: ProgramIdentity, mappings: [UnwindMapping])
    throws(PublishRefusal) -> PublishedBlock
  {
    let content = MappingList(mappings)
    if content.isTruncated { truncated += 1 }
    guard let index = use(content), let block = blocks[index] else {
      remove(pid: pid)
      refusals += 1
      throw .mappingsFull
    }
    let entry = unwind_process(
      block: UInt32(index), reserved: 0, version: block.version, start_time: identity.startTime,
      exec_count: identity.execCount)
    guard (try? memory.processes.set(pid, to: entry)) != nil else {
      giveUp(index)
      remove(pid: pid)
      refusals += 1
      throw .processesFull
    }
    setBlock(of: pid, to: index)
    return PublishedBlock(
      index: entry.block, version: block.version, count: content.mappings.count,
      isTruncated: content.isTruncated)
  }

  /// Forgets a process that has ended, or is to be seen anew.
  package func remove(pid: UInt32) {
    // Nothing depends on success: an entry that stays names a version that is gone.
    try? memory.processes.remove(pid)
    setBlock(of: pid, to: nil)
  }

  /// Whether the walker was last told of this block for the process.
  package func isPublished(_ block: PublishedBlock, for pid: UInt32) -> Bool {
    guard let index = indexOfProcess[pid] else { return false }
    return blocks[index]?.version == block.version
  }

  /// Frees what was given up long enough ago; `publish` does it too.
  package func sweep() {
    for block in givenUp.expired(at: tables.now()) {
      places.giveBack(block.extent)
      tables.release(block.content.files)
    }
  }

  package var statistics: BlockStatistics {
    BlockStatistics(
      processes: indexOfProcess.count, blocks: blocks.count,
      mappings: places.capacity - places.free, refusals: refusals, truncated: truncated)
  }
}

extension MappingBlocks {
  private func setBlock(of pid: UInt32, to index: Int?) {
    let old = indexOfProcess[pid]
    indexOfProcess[pid] = index
    if let old { giveUp(old) }
  }

  /// The block with this content, one user more; nil if there is no room.
  private func use(_ content: MappingList) -> Int? {
    sweep()
    if let index = indices[content] {
      blocks[index]?.users += 1
      return index
    }
    guard let extent = places.take(content.mappings.count + 1) else { return nil }
    lastVersion += 1
    let block = Block(content: content, extent: extent, version: lastVersion)
    tables.retain(content.files)
    write(block)
    blocks[extent.start] = block
    indices[content] = extent.start
    return extent.start
  }

  private func giveUp(_ index: Int) {
    guard var block = blocks[index] else { return }
    block.users -= 1
    guard block.users == 0 else {
      blocks[index] = block
      return
    }
    memory.mappings.storeReleasing(UInt64(0), at: Place.version(index))
    blocks[index] = nil
    indices[block.content] = nil
    givenUp.add(block, at: tables.now())
  }

  /// Writes the mappings, then the header, its version last.
  private func write(_ block: Block) {
    let header = block.extent.start
    for (offset, mapping) in block.content.mappings.enumerated() {
      let place = (header + 1 + offset) * TableLayout.mappingBytes
      memory.mappings.store(mapping.start, at: place + Place.start)
      memory.mappings.store(mapping.bias, at: place + Place.bias)
      let pages = (mapping.end - mapping.start) / MappingList.pageBytes
      memory.mappings.store(UInt32(pages), at: place + Place.pages)
      memory.mappings.store(mapping.file, at: place + Place.file)
    }
    memory.mappings.store(
      UInt32(block.content.mappings.count), at: header * TableLayout.mappingBytes + Place.count)
    memory.mappings.storeReleasing(block.version, at: Place.version(header))
  }
}

/// Where the fields of headers and mappings are, in bytes.
private enum Place {
  static let start = offset(\unwind_mapping.start)
  static let bias = offset(\unwind_mapping.bias)
  static let pages = offset(\unwind_mapping.pages)
  static let file = offset(\unwind_mapping.file)
  static let count = offset(\unwind_block.count)

  static func version(_ index: Int) -> Int {
    index * TableLayout.mappingBytes + offsetOfVersion
  }

  private static let offsetOfVersion = offset(\unwind_block.version)

  private static func offset<Root, Field>(_ field: KeyPath<Root, Field>) -> Int {
    guard let offset = MemoryLayout<Root>.offset(of: field) else {
      preconditionFailure("a C field has a place")
    }
    return offset
  }
}
