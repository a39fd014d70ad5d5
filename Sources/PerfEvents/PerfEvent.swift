import CLinux
import Glibc

/// An open perf event on one CPU, closed with its last owner.
///
/// - Source: perf_event_open(2).
package final class PerfEvent {
  package let descriptor: CInt
  private let trigger: SampleTrigger?

  init(owning descriptor: CInt, trigger: SampleTrigger? = nil) {
    self.descriptor = descriptor
    self.trigger = trigger
  }

  deinit { close(descriptor) }

  /// Opens what triggers samples on `cpu`, `frequency` times a second, counting until it is closed.
  package static func sampling(_ trigger: SampleTrigger, frequency: Int, cpu: Int)
    throws(PerfError) -> PerfEvent
  {
    var attributes = perf_event_attr()
    attributes.size = UInt32(MemoryLayout<perf_event_attr>.size)
    attributes.type = trigger.type
    attributes.config = trigger.configuration
    attributes.freq = 1
    attributes.sample_freq = UInt64(frequency)
    attributes.exclude_idle = 1
    attributes.disabled = 1
    return try open(&attributes, name: trigger.name, cpu: cpu, trigger: trigger)
  }

  static func open(
    _ attributes: inout perf_event_attr, name: String, cpu: Int, trigger: SampleTrigger? = nil
  ) throws(PerfError) -> PerfEvent {
    let descriptor = unsafe wick_perf_event_open(&attributes, -1, CInt(cpu))
    guard descriptor >= 0 else {
      throw PerfError(subject: "\(name) on CPU \(cpu)", code: errno)
    }
    return PerfEvent(owning: descriptor, trigger: trigger)
  }

  /// Changes how often a sampling event samples, in samples a second.
  ///
  /// A timer has a period and no frequency, whatever it was opened with: the kernel would take the
  /// frequency for nanoseconds.
  ///
  /// - Source: perf_event_open(2), PERF_EVENT_IOC_PERIOD; kernel, `perf_swevent_init_hrtimer`.
  package func setFrequency(_ frequency: Int) throws(PerfError) {
    guard let trigger, frequency > 0 else { return }
    let isTimer = trigger == .cpuClock
    let value = isTimer ? 1_000_000_000 / UInt64(frequency) : UInt64(frequency)
    guard wick_perf_event_set_period(descriptor, value) == 0 else {
      throw PerfError(subject: "\(trigger.name) at a frequency of \(frequency)", code: errno)
    }
  }

  package func enable() { _ = wick_perf_event_enable(descriptor) }

  /// Stops the event; when this returns, no handler runs any more.
  package func disable() { _ = wick_perf_event_disable(descriptor) }
}
