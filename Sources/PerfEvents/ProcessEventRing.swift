import CLinux
import Glibc

/// The stream of process changes on one CPU: execs, forks, exits and executable mappings.
///
/// A `PERF_COUNT_SW_DUMMY` event counts nothing; only its side-band records are wanted. Their times
/// are on `CLOCK_MONOTONIC`, the clock of the samples, so that both can be put in order.
package final class ProcessEventRing {
  private let ring: PerfRing
  private let hasBuildIDs: Bool

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
    self.hasBuildIDs = hasBuildIDs
    ring = try PerfRing(
      event, bytes: Self.ringBytes, atLeast: Self.smallestRingBytes,
      subject: "process event buffer on CPU \(cpu)")
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
    var attributes = PerfRing.sideBandAttributes
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
    ring.drain { record in
      let event = ProcessEventDecoder.decode(record, askedForBuildIDs: hasBuildIDs)
      if let event { receive(event) }
    }
  }
}
