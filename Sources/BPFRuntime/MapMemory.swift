import CLibBPF
import Glibc

/// Memory of 32- and 64-bit words that programs in the kernel read while we write it.
///
/// It is that of a BPF array, or our own where there is no kernel: in tests and in replay. A place
/// outside of it is a mistake of ours and traps. Who writes what, and in which order it becomes
/// visible, is the business of the owner: publish with a releasing store, after the rest.
@safe package final class MapMemory: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Zeroed memory of our own.
  package init(anonymous byteCount: Int) throws(BPFError) {
    let memory = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw BPFError(operation: .map, subject: "memory", code: errno)
    }
    unsafe base = memory
    self.byteCount = byteCount
  }

  /// The elements of a mappable array, which must have at least `byteCount` bytes.
  package init(of map: BPFMap, byteCount: Int) throws(BPFError) {
    let memory = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, map.descriptor, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw BPFError(operation: .map, subject: map.name, code: errno)
    }
    unsafe base = memory
    self.byteCount = byteCount
  }

  deinit { unsafe munmap(base, byteCount) }

  /// Where it begins, for C code that reads the same memory; it stays while this object lives.
  @unsafe package var baseAddress: UnsafeMutableRawPointer { unsafe base }
}

extension MapMemory {
  package func store(_ value: UInt32, at byteOffset: Int) {
    unsafe pointer(at: byteOffset).pointee = value
  }

  package func store(_ value: UInt64, at byteOffset: Int) {
    unsafe pointer(at: byteOffset).pointee = value
  }

  /// Stores such that who sees the value sees everything that was stored before it.
  package func storeReleasing(_ value: UInt32, at byteOffset: Int) {
    unsafe wick_memory_store_release_32(pointer(at: byteOffset), value)
  }

  /// Stores such that who sees the value sees everything that was stored before it.
  package func storeReleasing(_ value: UInt64, at byteOffset: Int) {
    unsafe wick_memory_store_release_64(pointer(at: byteOffset), value)
  }

  /// Loads such that what is loaded later is at least as new.
  package func loadAcquiring32(at byteOffset: Int) -> UInt32 {
    unsafe wick_memory_load_acquire_32(pointer(at: byteOffset))
  }

  /// Loads such that what is loaded later is at least as new.
  package func loadAcquiring64(at byteOffset: Int) -> UInt64 {
    unsafe wick_memory_load_acquire_64(pointer(at: byteOffset))
  }

  /// Lends `count` words for a change of many.
  package func withWords(
    at byteOffset: Int, count: Int, _ body: (inout MutableSpan<UInt32>) -> Void
  ) {
    precondition(count >= 0 && count <= (byteCount - byteOffset) / MemoryLayout<UInt32>.stride)
    guard count > 0 else { return }
    let start: UnsafeMutablePointer<UInt32> = unsafe pointer(at: byteOffset)
    var words = unsafe MutableSpan(_unsafeStart: start, count: count)
    body(&words)
  }

  /// Takes a word and leaves another, in one step.
  package func exchange(_ value: UInt64, at byteOffset: Int) -> UInt64 {
    unsafe wick_memory_exchange_64(pointer(at: byteOffset), value)
  }

  private func pointer<Word: BitwiseCopyable>(at byteOffset: Int) -> UnsafeMutablePointer<Word> {
    let size = MemoryLayout<Word>.size
    precondition(
      byteOffset >= 0 && byteOffset <= byteCount - size && byteOffset % size == 0,
      "a place outside of the map")
    return unsafe (base + byteOffset).assumingMemoryBound(to: Word.self)
  }
}
