import Latency
import LinuxHost

/// Measures until it is time to stop.
final class LatencySession {
  struct NoProcess: Error, CustomStringConvertible {
    let pid: UInt32

    var description: String {
      "no process with PID \(pid) (it may have ended; list them with: ps -e)"
    }
  }

  private(set) var recording: LatencyRecording
  private let collector: LatencyCollector

  /// What this kernel does not let us see, in sentences.
  var limitations: [String] { collector.limitations }

  /// Gets everything ready, so that whatever can fail fails before anything is measured.
  init(_ kind: LatencyKind, options: LatencyOptions) throws {
    collector = try LatencyCollector(kind, options: options)
    recording = LatencyRecording(kind, target: options.target.words)
  }

  /// Measures until the time is up, all processes have ended, or a signal asks.
  ///
  /// Calls `show` with what is new after each interval, and at the end.
  func run(
    for duration: Duration?, interval: Duration, signals: SignalMask,
    show: (LatencyInterval) -> Void
  ) throws {
    try collector.start()
    let start = Clock.monotonic()
    var next = start &+ interval.nanoseconds
    while true {
      Clock.pause(nanoseconds: Self.turnNanoseconds)
      let now = Clock.monotonic()
      let isOver =
        signals.pending() != nil || !collector.hasTargets
        || duration.map { now &- start >= $0.nanoseconds } ?? false
      if isOver || now >= next {
        let news = try collector.collect()
        recording.add(news)
        show(news)
        next = Swift.max(next &+ interval.nanoseconds, now)
      }
      if isOver { break }
    }
    signals.release()
  }

  private static let turnNanoseconds: UInt64 = 20_000_000
}

extension Duration {
  fileprivate var nanoseconds: UInt64 {
    UInt64(clamping: components.seconds) &* 1_000_000_000
      &+ UInt64(clamping: components.attoseconds / 1_000_000_000)
  }
}
