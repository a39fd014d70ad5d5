import CLinux
import Glibc

/// How the kernel keeps its clock right.
///
/// - Source: adjtimex(2).
package struct ClockDiscipline: Hashable, Sendable {
  /// A time server has said what the time is, lately.
  package let isSynchronized: Bool
  package let offsetSeconds: Double
  /// What the clock's speed is multiplied with.
  package let frequencyRatio: Double
  package let maximumErrorSeconds: Double
  package let estimatedErrorSeconds: Double
  package let status: Double
  package let loopTimeConstant: Double
  package let tickSeconds: Double
  package let internationalAtomicTimeOffsetSeconds: Double
  /// Of a signal once a second, where there is one.
  package let pulse: Pulse

  package struct Pulse: Hashable, Sendable {
    package let frequencyHertz: Double
    package let jitterSeconds: Double
    package let shiftSeconds: Double
    package let stabilityHertz: Double
    package let jitterCount: Double
    package let calibrationCount: Double
    package let errorCount: Double
    package let stabilityCount: Double
  }

  /// Frequencies count in 2⁻¹⁶ parts per million.
  private static let frequencyUnit = 65_536.0 * 1_000_000
  /// `STA_NANO`: offset and jitter are in nanoseconds instead of microseconds.
  private static let nanosecondMode: Int32 = 0x2000
  /// `TIME_ERROR`.
  private static let notSynchronized: CInt = 5

  /// Nil where the kernel does not tell.
  package static func now() -> ClockDiscipline? {
    var time = wick_clock_state()
    let state = unsafe wick_read_clock_state(&time)
    guard state >= 0 else { return nil }
    let unit = time.status & nanosecondMode != 0 ? 1_000_000_000.0 : 1_000_000.0
    return ClockDiscipline(
      isSynchronized: state != notSynchronized, offsetSeconds: Double(time.offset) / unit,
      frequencyRatio: 1 + Double(time.frequency) / frequencyUnit,
      maximumErrorSeconds: Double(time.maximum_error) / 1_000_000,
      estimatedErrorSeconds: Double(time.estimated_error) / 1_000_000, status: Double(time.status),
      loopTimeConstant: Double(time.constant), tickSeconds: Double(time.tick) / 1_000_000,
      internationalAtomicTimeOffsetSeconds: Double(time.atomic_time_offset),
      pulse: Pulse(
        frequencyHertz: Double(time.pulse_frequency) / frequencyUnit,
        jitterSeconds: Double(time.jitter) / unit, shiftSeconds: Double(time.shift),
        stabilityHertz: Double(time.stability) / frequencyUnit,
        jitterCount: Double(time.jitter_count),
        calibrationCount: Double(time.calibration_count), errorCount: Double(time.error_count),
        stabilityCount: Double(time.stability_count)))
  }

  /// What the local time is ahead of UTC, and what it is called.
  package static func zone() -> (name: String, offsetSeconds: Int) {
    var seconds = time(nil)
    var local = unsafe tm()
    unsafe localtime_r(&seconds, &local)
    let name = unsafe local.tm_zone.map { unsafe String(cString: $0) } ?? ""
    return (name, unsafe local.tm_gmtoff)
  }
}
