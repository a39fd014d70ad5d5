import Agent
import LinuxHost
import ProfileFormats

/// The live tables on a terminal, with keys.
struct TopScreen {
  /// What is shown is the mean of so many intervals.
  static let intervals = 5

  private let terminal: LiveTerminal
  private let tables: LiveTables
  private let signals: SignalMask
  private var sorting: TopSorting
  private var average = TopAverage(of: Self.intervals)
  /// The picture stands still.
  private var isPaused = false
  /// What is shown while it does.
  private var shown: TopInterval?

  private static let turnMilliseconds = 50

  init(
    _ terminal: LiveTerminal, _ tables: LiveTables, _ signals: SignalMask, sorting: TopSorting
  ) {
    self.terminal = terminal
    self.tables = tables
    self.signals = signals
    self.sorting = sorting
  }

  /// Shows until somebody quits, the time is up or there is nothing more to show; then the terminal
  /// is as it was.
  mutating func run(until end: ContinuousClock.Instant?) throws {
    defer { terminal.end() }
    draw()
    while signals.pending() == nil {
      if let end, ContinuousClock.now >= end { return }
      switch terminal.wait(milliseconds: Self.turnMilliseconds) {
      case .key(let key):
        guard take(key) else { return }
        draw()
      case .redraw: draw()
      case .quit, .closed: return
      case nil: break
      }
      guard try takeIntervals() else { return }
    }
  }

  /// - Returns: false if there are no more.
  private mutating func takeIntervals() throws -> Bool {
    var isNews = false
    while let outcome = try tables.next() {
      guard case .interval(let interval) = outcome else { return false }
      average.add(interval)
      isNews = true
    }
    if isNews, !isPaused {
      shown = average.average
      draw()
    }
    return true
  }

  /// - Returns: false to quit.
  private mutating func take(_ key: UInt8) -> Bool {
    switch key {
    case UInt8(ascii: "c"): sorting = .own
    case UInt8(ascii: "t"): sorting = .total
    case UInt8(ascii: "w"): sorting = .waits
    case UInt8(ascii: "p"): sorting = .process
    case UInt8(ascii: " "):
      isPaused.toggle()
      if !isPaused { shown = average.average }
    case UInt8(ascii: "q"), Self.interrupt, Self.endOfInput: return false
    default: break
    }
    return true
  }

  /// Ctrl-C and Ctrl-D, where the terminal does not make them what they are.
  private static let interrupt: UInt8 = 3
  private static let endOfInput: UInt8 = 4

  private func draw() {
    let size = terminal.size
    guard let shown else {
      terminal.show(["wick top: measuring…  (q quits)"])
      return
    }
    let text = TopText(shown, sorting: sorting)
    let body = text.screen(height: size.lines - 3, width: size.columns)
    terminal.show(["wick top  \(text.summary)", help, ""] + body, highlights: [1])
  }

  private var help: String {
    let keys: [(TopSorting, String)] = [
      (.own, "c own"), (.total, "t total"), (.waits, "w waits"), (.process, "p process"),
    ]
    let orders = keys.map { $0 == sorting ? "[\($1)]" : " \($1) " }.joined(separator: " ")
    return "\(orders)  \(isPaused ? "[space paused]" : " space pause ")  q quit"
  }
}
