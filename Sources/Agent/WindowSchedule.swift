import Sampling

/// When the window of each event ends.
struct WindowSchedule {
  private let intervals: [SampleEvent: UInt64]
  private var ends: [SampleEvent: UInt64] = [:]

  /// - Parameters:
  ///   - intervals: length of the windows of each event.
  ///   - now: nanoseconds of the monotonic clock, as all times here.
  init(_ intervals: [SampleEvent: Duration], from now: UInt64) {
    self.intervals = intervals.mapValues(\.nanoseconds)
    ends = self.intervals.mapValues { now &+ $0 }
  }

  /// The events whose windows have to end.
  func due(at now: UInt64) -> Set<SampleEvent> {
    Set(ends.lazy.filter { $0.value <= now }.map(\.key))
  }

  /// Says that windows of these events begin.
  mutating func begin(_ events: Set<SampleEvent>, at now: UInt64) {
    for event in events { if let interval = intervals[event] { ends[event] = now &+ interval } }
  }
}
