import CLinux
import Glibc

/// The stream of process changes on one CPU: execs, forks, exits and executable mappings.
///
/// A `PERF_COUNT_SW_DUMMY` event counts nothing; only its side-band records are wanted. Their times
/// are on `CLOCK_MONOTONIC`, the clock of the samples, so that both can be put in order.
@safe package final class ProcessEventRing {
  private let event: PerfEvent
  private let hasBuildIDs: Bool
  private let page: UnsafeMutablePointer<perf_event_mmap_page>
  private let data: UnsafeRawBufferPointer
  private let mappedBytes: Int
  /// Holds a record that wraps around the end of the ring.
  private let wrapped: UnsafeMutableRawBufferPointer

  /// A power of two; a start of a dynamic program takes some 2 KiB, so 500 at once fit.
  private static let ringBytes = 1 << 20
  private static let smallestRingBytes = 64 << 10

  /// Opens the ring of one CPU.
  ///
  /// With `wantsBuildIDs` a mapping is named by the build-id of its file rather than by its inode,
  /// where the file has one and the kernel can say so (Linux 5.12). That spoils the records of every
  /// other profiler that was opened before: see the decision 0001 of ProcessTracking.
  package init(cpu: Int, wantsBuildIDs: Bool = false) throws(PerfError) {
    let (event, hasBuildIDs) = try Self.open(cpu: cpu, wantsBuildIDs: wantsBuildIDs)
    let pageBytes = Int(sysconf(CInt(_SC_PAGESIZE)))
    var bytes = Self.ringBytes
    while true {
      let memory = unsafe mmap(
        nil, pageBytes + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, event.descriptor, 0)
      if let memory = unsafe memory, unsafe memory != MAP_FAILED {
        unsafe page = memory.assumingMemoryBound(to: perf_event_mmap_page.self)
        unsafe data = UnsafeRawBufferPointer(start: memory + pageBytes, count: bytes)
        break
      }
      // Without CAP_IPC_LOCK the locked memory of a user is limited: take what we get.
      guard bytes > Self.smallestRingBytes else {
        throw PerfError(subject: "process event buffer on CPU \(cpu)", code: errno)
      }
      bytes /= 2
    }
    mappedBytes = pageBytes + bytes
    self.event = event
    self.hasBuildIDs = hasBuildIDs
    unsafe wrapped = .allocate(byteCount: 1 << 16, alignment: 8)
  }

  deinit {
    unsafe munmap(page, mappedBytes)
    unsafe wrapped.deallocate()
  }

  /// The event, and whether it gives build-ids.
  private static func open(cpu: Int, wantsBuildIDs: Bool) throws(PerfError) -> (PerfEvent, Bool) {
    var attributes = Self.attributes
    attributes.build_id = wantsBuildIDs ? 1 : 0
    do {
      return (try PerfEvent.open(&attributes, name: "process events", cpu: cpu), wantsBuildIDs)
    } catch {
      // What an older kernel says to a bit that it does not know.
      guard wantsBuildIDs, error.code == EINVAL else { throw error }
      return try self.open(cpu: cpu, wantsBuildIDs: false)
    }
  }

  private static var attributes: perf_event_attr {
    var attributes = perf_event_attr()
    attributes.size = UInt32(MemoryLayout<perf_event_attr>.size)
    attributes.type = PERF_TYPE_SOFTWARE.rawValue
    attributes.config = UInt64(PERF_COUNT_SW_DUMMY.rawValue)
    attributes.mmap = 1
    attributes.mmap2 = 1
    attributes.comm = 1
    attributes.comm_exec = 1
    attributes.task = 1
    attributes.sample_id_all = 1
    attributes.sample_type = UInt64(PERF_SAMPLE_TIME.rawValue)
    attributes.use_clockid = 1
    attributes.clockid = CLOCK_MONOTONIC
    attributes.watermark = 1
    attributes.wakeup_watermark = UInt32(ringBytes / 2)
    return attributes
  }

  /// Delivers all pending events in the order in which this CPU saw them.
  package func drain(_ receive: (ProcessEvent) -> Void) {
    let head = unsafe wick_load_acquire(&page.pointee.data_head)
    var tail = unsafe page.pointee.data_tail
    while tail < head {
      let offset = unsafe Int(truncatingIfNeeded: tail) & (data.count - 1)
      // Records are multiples of 8 bytes, so a header never wraps.
      let size = unsafe Int(data.loadUnaligned(fromByteOffset: offset + 6, as: UInt16.self))
      guard size >= 8, UInt64(size) <= head - tail else { break }
      let record = unsafe bytes(at: offset, count: size)
      let event = unsafe ProcessEventDecoder.decode(
        record.bytes, askedForBuildIDs: hasBuildIDs)
      if let event { receive(event) }
      tail += UInt64(size)
    }
    unsafe wick_store_release(&page.pointee.data_tail, head)
  }

  private func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
    guard unsafe offset + count > data.count else {
      return unsafe UnsafeRawBufferPointer(rebasing: data[offset..<offset + count])
    }
    let first = unsafe data.count - offset
    unsafe wrapped.copyMemory(from: UnsafeRawBufferPointer(rebasing: data[offset...]))
    unsafe UnsafeMutableRawBufferPointer(rebasing: wrapped[first...])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: data[..<(count - first)]))
    return unsafe UnsafeRawBufferPointer(rebasing: wrapped[..<count])
  }
}
