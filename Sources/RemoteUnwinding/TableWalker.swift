package import BPFRuntime
import UnwindStep

/// Walks copied stacks by the tables of the kernel's side, with the kernel's own code.
@safe package struct TableWalker {
  /// The memory with the tables: see BPF/shared/unwind.h.
  package struct Tables {
    package var shards: [MapMemory]
    package var directory: MapMemory
    package var files: MapMemory
    package var rules: MapMemory
    package var mappings: MapMemory

    package init(
      shards: [MapMemory], directory: MapMemory, files: MapMemory, rules: MapMemory,
      mappings: MapMemory
    ) {
      self.shards = shards
      self.directory = directory
      self.files = files
      self.rules = rules
      self.mappings = mappings
    }
  }

  /// Where the mappings of a process are.
  package struct Block {
    package var index: UInt32
    package var version: UInt64

    package init(index: UInt32, version: UInt64) {
      self.index = index
      self.version = version
    }
  }

  package struct Result: Hashable, Sendable {
    /// `enum walk_end` of BPF/shared/events.h.
    package var end: UInt32
    package var usedFramePointer: Bool
  }

  private let tables: Tables

  package init(_ tables: Tables) { self.tables = tables }

  /// Walks from `registers` to the start of the thread, or as far as the tables go.
  ///
  /// - Parameters:
  ///   - registers: those of the thread when it was interrupted.
  ///   - isReturnAddress: the program counter is one behind a system call.
  ///   - isAtBirth: the thread has not run yet.
  ///   - stack: what there is of the thread's stack.
  ///   - block: the mappings of its process.
  ///   - now: nanoseconds of `CLOCK_MONOTONIC`; the files that are used are marked with it.
  ///   - frames: is filled with as many frames as it has room for, leaf first; return addresses
  ///     have bit 63 set.
  /// - Returns: why the walk ended.
  package func walk(
    from registers: UserRegisters, isReturnAddress: Bool, isAtBirth: Bool = false,
    stack: borrowing StackCopy, in block: Block,
    now: UInt64, frames: inout [UInt64]
  ) -> Result {
    var start = wick_walk_start()
    start.program_counter = registers.programCounter
    start.stack_pointer = registers.stackPointer
    start.frame_pointer = registers.framePointer
    start.stack_base = stack.base ?? 0
    start.version = block.version
    start.block = block.index
    start.is_return = isReturnAddress
    start.at_birth = isAtBirth
    let result = unsafe withSources(of: stack, now: now) { sources in
      unsafe frames.withUnsafeMutableBufferPointer { buffer in
        unsafe wick_walk(sources, &start, buffer.baseAddress, UInt32(buffer.count))
      }
    }
    frames.removeLast(frames.count - Int(result.frames))
    return Result(end: result.end, usedFramePointer: result.followed_frame_pointer)
  }

  private func withSources<Value>(
    of stack: borrowing StackCopy, now: UInt64,
    _ body: (UnsafePointer<wick_walk_sources>) -> Value
  ) -> Value {
    var shards: [UnsafePointer<UInt32>?] = unsafe []
    for shard in tables.shards {
      let base = unsafe shard.baseAddress.assumingMemoryBound(to: UInt32.self)
      unsafe shards.append(UnsafePointer(base))
    }
    let count = min(stack.count, stack.bytes.byteCount)
    let address = stack.address
    let belowAddress = stack.belowAddress
    return unsafe stack.bytes.withUnsafeBytes { bytes in
      unsafe shards.withUnsafeBufferPointer { shards in
        var sources = unsafe wick_walk_sources()
        unsafe sources.shards = shards.baseAddress
        unsafe sources.shard_count = UInt32(shards.count)
        unsafe sources.directory = UnsafePointer(
          tables.directory.baseAddress.assumingMemoryBound(to: UInt64.self))
        unsafe sources.files = tables.files.baseAddress
        unsafe sources.rules = UnsafeRawPointer(tables.rules.baseAddress)
        unsafe sources.mappings = UnsafeRawPointer(tables.mappings.baseAddress)
        unsafe sources.coarse_time = UInt32(truncatingIfNeeded: now >> 30)
        unsafe sources.stack = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe sources.stack_address = address
        unsafe sources.stack_bytes = UInt64(count)
        unsafe sources.below_address = belowAddress
        unsafe sources.below_bytes = UInt64(bytes.count - count)
        return unsafe body(&sources)
      }
    }
  }
}
