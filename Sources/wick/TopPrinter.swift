import Agent
import LinuxHost
import ProfileFormats

/// Prints each interval's tables, one after the other, for as long as somebody reads them.
struct TopPrinter {
  private let output: StandardOutput
  private let tables: LiveTables
  private let signals: SignalMask
  private let text: (TopInterval) -> String

  init(
    _ output: StandardOutput, _ tables: LiveTables, _ signals: SignalMask,
    text: @escaping (TopInterval) -> String
  ) {
    self.output = output
    self.tables = tables
    self.signals = signals
    self.text = text
  }

  /// - Parameters:
  ///   - end: when to end; nil for when somebody asks for it, or nobody reads any more.
  ///   - once: only the first interval.
  /// - Throws: why sampling has become impossible.
  func run(until end: ContinuousClock.Instant?, once: Bool) throws {
    var isAsked = false
    var isStopped = false
    while true {
      while let outcome = try tables.next() {
        guard case .interval(let interval) = outcome else { return }
        let written = output.write(text(interval)) {
          isAsked = isAsked || signals.pending() != nil
          return !isAsked
        }
        guard written == .written, !once else { return }
      }
      if isAsked || signals.pending() != nil || output.isClosed { return }
      if !once, !isStopped, let end, ContinuousClock.now >= end {
        // What was measured until then is told as well.
        tables.stop()
        isStopped = true
      } else {
        Clock.pause(nanoseconds: Self.turnNanoseconds)
      }
    }
  }

  private static let turnNanoseconds: UInt64 = 20_000_000
}
