import CLinux
import Glibc

/// The records that the kernel writes for a perf event.
///
/// - Source: perf_event_open(2), "MMAP layout".
@safe final class PerfRing {
  private let event: PerfEvent
  private let page: UnsafeMutablePointer<perf_event_mmap_page>
  private let data: UnsafeRawBufferPointer
  private let mappedBytes: Int
  /// Holds a record that wraps around the end of the ring; there from the first one on.
  private var wrapped: UnsafeMutableRawBufferPointer?

  /// - Parameters:
  ///   - event: whose records it holds.
  ///   - bytes: its size, a power of two; it has a page at least.
  ///   - smallest: what will do where memory that cannot be swapped is limited.
  ///   - subject: what errors are about.
  /// - Throws: what the kernel said when it was asked for the memory.
  init(_ event: PerfEvent, bytes: Int, atLeast smallest: Int, subject: String) throws(PerfError) {
    let pageBytes = Int(sysconf(CInt(_SC_PAGESIZE)))
    var bytes = max(bytes, pageBytes)
    while true {
      let memory = unsafe mmap(
        nil, pageBytes + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, event.descriptor, 0)
      if let memory = unsafe memory, unsafe memory != MAP_FAILED {
        unsafe page = memory.assumingMemoryBound(to: perf_event_mmap_page.self)
        unsafe data = UnsafeRawBufferPointer(start: memory + pageBytes, count: bytes)
        break
      }
      // Without CAP_IPC_LOCK the locked memory of a user is limited: take what we get.
      guard bytes > smallest else { throw PerfError(subject: subject, code: errno) }
      bytes /= 2
    }
    mappedBytes = pageBytes + bytes
    self.event = event
  }

  deinit {
    unsafe munmap(page, mappedBytes)
    unsafe wrapped?.deallocate()
  }

  /// Of an event that counts nothing and is there for the records beside samples.
  static var sideBandAttributes: perf_event_attr {
    var attributes = perf_event_attr()
    attributes.size = UInt32(MemoryLayout<perf_event_attr>.size)
    attributes.type = PERF_TYPE_SOFTWARE.rawValue
    attributes.config = UInt64(PERF_COUNT_SW_DUMMY.rawValue)
    return attributes
  }

  /// Delivers all pending records, headers included, in the order in which they were written.
  func drain(_ receive: (RawSpan) -> Void) {
    let head = unsafe wick_load_acquire(&page.pointee.data_head)
    var tail = unsafe page.pointee.data_tail
    while tail < head {
      let offset = unsafe Int(truncatingIfNeeded: tail) & (data.count - 1)
      // Records are multiples of 8 bytes, so a header never wraps.
      let size = unsafe Int(data.loadUnaligned(fromByteOffset: offset + 6, as: UInt16.self))
      guard size >= 8, UInt64(size) <= head - tail else { break }
      let record = unsafe bytes(at: offset, count: size)
      unsafe receive(record.bytes)
      tail += UInt64(size)
    }
    unsafe wick_store_release(&page.pointee.data_tail, head)
  }

  /// Drops all pending records; false if there was none.
  func discard() -> Bool {
    let head = unsafe wick_load_acquire(&page.pointee.data_head)
    guard unsafe page.pointee.data_tail != head else { return false }
    unsafe wick_store_release(&page.pointee.data_tail, head)
    return true
  }

  private func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
    guard unsafe offset + count > data.count else {
      return unsafe UnsafeRawBufferPointer(rebasing: data[offset..<offset + count])
    }
    let wrapped = unsafe wrapped ?? .allocate(byteCount: 1 << 16, alignment: 8)
    unsafe self.wrapped = wrapped
    let first = unsafe data.count - offset
    unsafe wrapped.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[offset...]))
    unsafe UnsafeMutableRawBufferPointer(rebasing: wrapped[first...])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: data[..<(count - first)]))
    return unsafe UnsafeRawBufferPointer(rebasing: wrapped[..<count])
  }
}
