import CLinux
import Glibc

/// Says whether code came into the kernel, or went, beside that of modules: BPF programs, trampolines.
///
/// - Source: perf_event_open(2), PERF_RECORD_KSYMBOL (Linux 5.1).
package final class KernelCodeWatch {
  private let cpus: [Int]
  private let rings: [PerfRing]

  /// One record is enough to know.
  private static let ringBytes = 4 << 10

  /// Begins to watch all that happens on these CPUs, which are to be all that are online.
  package init(cpus: [Int]) throws(PerfError) {
    var attributes = PerfRing.sideBandAttributes
    attributes.ksymbol = 1
    attributes.watermark = 1
    attributes.wakeup_watermark = UInt32(Self.ringBytes)
    var rings: [PerfRing] = []
    for cpu in cpus {
      let event = try PerfEvent.open(&attributes, name: "changes of kernel code", cpu: cpu)
      rings.append(
        try PerfRing(
          event, bytes: Self.ringBytes, atLeast: Self.ringBytes,
          subject: "buffer of changes of kernel code on CPU \(cpu)"))
    }
    self.cpus = cpus
    self.rings = rings
  }

  /// Whether it sees all that happens on these CPUs.
  package func covers(_ cpus: [Int]) -> Bool { self.cpus == cpus }

  /// Whether code has changed since the last call, or the start.
  package func takeChange() -> Bool {
    var hasChanged = false
    // What was lost for want of room was behind others.
    for ring in rings { ring.drain { _ in hasChanged = true } }
    return hasChanged
  }
}
