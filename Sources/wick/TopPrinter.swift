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
    // What was measured until the end is told as well.
    var isLast = false
    while true {
      while let outcome = try tables.next() {
        guard case .interval(let interval) = outcome else { return }
        let written = output.write(text(interval)) {
          isAsked = isAsked || signals.pending() != nil
          return !isAsked
        }
        guard written == .written, !once else { return }
      }
      if isLast || isAsked || output.isClosed { return }
      isAsked = signals.pending() != nil
      if isAsked { return }
      if !once, let end, ContinuousClock.now >= end {
        tables.stop()
        isLast = true
      } else {
        Clock.pause(nanoseconds: Self.turnNanoseconds)
      }
    }
  }

  private static let turnNanoseconds: UInt64 = 20_000_000
}
