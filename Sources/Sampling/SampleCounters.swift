import BPFRuntime
import BPFShared
import ProfileModel

/// What the kernel's side has counted since the start: BPF/shared/counters.h.
struct SampleCounters {
  private let values: [UInt64]

  private static let count =
    Int(COUNTER_COUNT.rawValue) * Int(COUNTER_WINDOWS) * Int(SAMPLE_KIND_COUNT.rawValue)

  /// Nothing yet.
  init() { values = [UInt64](repeating: 0, count: Self.count) }

  init(of object: borrowing LoadedObject) throws {
    values = try object.counters(map: "counters", count: Self.count)
  }

  /// Of the windows with an even, or an odd, number.
  func value(_ counter: counter, of kind: sample_kind, parity: Int) -> UInt64 {
    let group = Int(kind.rawValue) * Int(COUNTER_WINDOWS) + parity
    return values[group * Int(COUNTER_COUNT.rawValue) + Int(counter.rawValue)]
  }

  /// Of all windows.
  func total(_ counter: counter, of kind: sample_kind) -> UInt64 {
    value(counter, of: kind, parity: 0) &+ value(counter, of: kind, parity: 1)
  }
}

/// Tells what was counted in each window from what was counted since the start.
struct WindowCounters {
  /// By parity: what it was when the window before of that parity was closed.
  private var before = [SampleCounters(), SampleCounters()]

  /// Closes the ledgers of windows with an even, or an odd, number, of which no more samples come.
  mutating func finish(_ windows: [SampleWindow], parity: Int, counters: SampleCounters) {
    for window in windows {
      func sum(_ counter: counter) -> UInt64 {
        window.event.kinds.reduce(0) { sum, kind in
          sum &+ counters.value(counter, of: kind, parity: parity)
            &- before[parity].value(counter, of: kind, parity: parity)
        }
      }
      window.finish(
        taken: sum(COUNTER_TAKEN),
        dropped: [
          .ringFull: sum(COUNTER_RING_FULL), .noScratchMemory: sum(COUNTER_NO_SCRATCH),
        ])
    }
    before[parity] = counters
  }
}
