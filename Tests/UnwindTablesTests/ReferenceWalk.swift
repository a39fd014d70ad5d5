import BPFRuntime
import BPFShared
import UnwindTables
import Unwinding

/// A lookup as the walker does it, by the layout alone, one memory access after the other.
///
/// It can be stopped between any two steps, as a virtual CPU can, and go on later.
struct ReferenceWalk {
  private enum Step {
    case block(index: Int)
    case file(number: Int, address: UInt64)
    case directory(index: Int, offset: UInt32)
    case rows(DirectoryEntry, offset: UInt32)
    case rule(Int)
    case end(UnwindRule?)
  }

  private let memory: TableMemory
  private let address: UInt64
  private var step: Step = .end(nil)

  /// Finds the process' block, or nothing if the entry or the block is of another program.
  init(_ memory: TableMemory, pid: UInt32, identity: ProgramIdentity, address: UInt64) {
    self.memory = memory
    self.address = address
    guard let entry = memory.process(pid), entry.start_time == identity.startTime,
      entry.exec_count == identity.execCount,
      memory.mappings.loadAcquiring64(at: Int(entry.block) * 24) == entry.version
    else { return }
    step = .block(index: Int(entry.block))
  }

  /// Goes to the end.
  func finish() -> UnwindRule? {
    var walk = self
    while true {
      if case .end(let rule) = walk.step { return rule }
      walk.advance()
    }
  }

  /// Makes one step.
  mutating func advance() {
    switch step {
    case .block(let index): step = mapping(in: index)
    case .file(let number, let address): step = file(number, address)
    case .directory(let index, let offset):
      let word = memory.directory.loadAcquiring64(at: index * 8)
      step = .rows(DirectoryEntry(word: word), offset: offset)
    case .rows(let entry, let offset): step = row(entry, offset)
    case .rule(let number):
      step = .end(UnwindRule(word: memory.rules.loadAcquiring64(at: number * 8)))
    case .end: break
    }
  }

  private func mapping(in block: Int) -> Step {
    let count = Int(memory.mappings.loadAcquiring32(at: block * 24 + 16))
    for index in (block + 1)..<(block + 1 + count) {
      let start = memory.mappings.loadAcquiring64(at: index * 24)
      let pages = memory.mappings.loadAcquiring32(at: index * 24 + 16)
      guard address >= start, address - start < UInt64(pages) * 4_096 else { continue }
      let bias = memory.mappings.loadAcquiring64(at: index * 24 + 8)
      let file = memory.mappings.loadAcquiring32(at: index * 24 + 20)
      return .file(number: Int(file), address: address &- bias)
    }
    return .end(nil)
  }

  private func file(_ number: Int, _ address: UInt64) -> Step {
    guard number >= TableLayout.firstFile else { return .end(nil) }
    let pages = memory.files.loadAcquiring32(at: number * 16 + 8)
    let directory = memory.files.loadAcquiring32(at: number * 16)
    let firstPage = memory.files.loadAcquiring32(at: number * 16 + 4)
    let page = address >> 16
    guard page >= UInt64(firstPage), page - UInt64(firstPage) < UInt64(pages) else {
      return .end(nil)
    }
    let index = Int(directory) + Int(page - UInt64(firstPage))
    return .directory(index: index, offset: UInt32(address & 0xffff))
  }

  /// The last row that begins at or before the offset.
  private func row(_ entry: DirectoryEntry, _ offset: UInt32) -> Step {
    guard entry.count > 0 else { return .end(nil) }
    let shard = memory.shards[entry.shard]
    var low = entry.start
    var high = entry.start + entry.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if shard.loadAcquiring32(at: middle * 4) & 0xffff <= offset {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return .rule(Int(shard.loadAcquiring32(at: low * 4) >> 16))
  }
}
