import CLinux
import Glibc

/// Says whether code came into the kernel, or went, beside that of modules: BPF programs, trampolines.
///
/// An event ends with its CPU, and does not come back when the CPU does: a watch has to be made anew
/// from time to time.
///
/// - Source: perf_event_open(2), PERF_RECORD_KSYMBOL (Linux 5.1).
package final class KernelCodeWatch: KernelCodeWatching {
  private let cpus: [Int]
  private let rings: [PerfRing]

  /// One record is enough to know: a ring that is full keeps those that it has.
  private static let ringBytes = 4 << 10

  /// Begins to watch all that happens on these CPUs, which are to be all that are online.
  package init(cpus: [Int]) throws(PerfError) {
    guard !cpus.isEmpty else { throw PerfError(subject: "changes of kernel code", code: ENODEV) }
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

  package func covers(_ cpus: [Int]) -> Bool { self.cpus == cpus }

  package func takeChange() -> Bool {
    var hasChanged = false
    for ring in rings where ring.discard() { hasChanged = true }
    return hasChanged
  }
}

/// Who sees that code came into the kernel, or went.
package protocol KernelCodeWatching {
  /// Whether it sees all that happens on these CPUs.
  func covers(_ cpus: [Int]) -> Bool

  /// Whether code has changed since the last call, or the start.
  func takeChange() -> Bool
}
