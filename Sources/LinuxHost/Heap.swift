import CLinux
import Glibc

/// The memory that the C library holds for the whole program.
package enum Heap {
  /// Has large blocks go back to the system when they are freed.
  ///
  /// The C library would learn from the first that large blocks come and go, and keep them: that
  /// made 12 MiB of what builders of unwind tables had used once.
  package static func returnLargeBlocks() { wick_map_blocks_from(1 << 20) }

  /// Has all threads share two heaps.
  ///
  /// The C library would give each thread its own, up to eight for each processor, and what one has
  /// free is of no use to another.
  package static func shareAmongThreads() { wick_limit_heaps(2) }

  /// Gives whole free pages back to the system; takes a millisecond for some 10 MiB.
  package static func trim() { wick_trim_heap() }

  /// Gets and gives back a small block many times.
  ///
  /// - Returns: how long that took, in nanoseconds.
  package static func cycle(_ times: Int) -> UInt64 {
    let start = Clock.monotonic()
    wick_cycle_heap(UInt(max(0, times)))
    return Clock.monotonic() &- start
  }

  /// Takes some pages that this process never had, writes to them, and gives them back.
  package static func touchNewPages() {
    let bytes = 16 * 4_096
    let pages = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages = unsafe pages, unsafe pages != MAP_FAILED else { return }
    unsafe memset(pages, 1, bytes)
    unsafe munmap(pages, bytes)
  }
}
